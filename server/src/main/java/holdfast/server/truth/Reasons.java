package holdfast.server.truth;

import holdfast.core.base.Reason;
import holdfast.core.truth.Refusal;
import java.util.Locale;

/// Every reason with which the store refuses or gives up. Doors match the codes: each protocol has its own words
/// for them (etcd's strings stand in `reference/etcd-v3.md`, 1.10).
public final class Reasons {
    /// Refused: no leader was known until the request's time ran out, or the caller would not wait for one.
    public static final Reason NO_LEADER = new Reason("no-leader", "This member knows no leader.");

    /// Unknown: the leader changed while the request was with the old one.
    public static final Reason LEADER_CHANGED =
            new Reason("leader-changed", "The leader changed while the request was under way.");

    /// Unknown, or Refused when it was never sent.
    public static final Reason TIMED_OUT = new Reason("timed-out", "The request ran out of time.");

    /// Unknown: its leader was lost and the outcome did not show in time.
    public static final Reason LEADER_LOST =
            new Reason("timed-out-leader-lost", "The request ran out of time after its leader was lost.");

    /// Unknown: the connection to the leader broke.
    public static final Reason CONNECTION_LOST =
            new Reason("timed-out-connection-lost", "The connection to the leader was lost with the request on it.");

    /// Refused: the queue of proposals is full.
    public static final Reason TOO_MANY_REQUESTS =
            new Reason("too-many-requests", "Too many requests wait for the log.");

    /// Refused: larger than one entry may be.
    public static final Reason TOO_LARGE = new Reason("too-large", "The request is larger than a request may be.");

    /// Refused: the answer would take too much memory, and cannot be read in pieces.
    public static final Reason ANSWER_TOO_LARGE =
            new Reason("answer-too-large", "The answer is larger than one that is made in memory may be.");

    /// Refused, or Unknown when it was sent: this member stops.
    public static final Reason STOPPED = new Reason("stopped", "This member is stopping.");

    /// Refused: the quota is used up.
    public static final Reason NO_SPACE = new Reason("no-space", "The store holds as much as its quota allows.");

    /// Refused: no member has that id.
    public static final Reason MEMBER_NOT_FOUND = new Reason("member-not-found", "No member has that id.");

    /// Refused: another member has one of these peer URLs.
    public static final Reason PEER_URL_EXISTS =
            new Reason("peer-url-exists", "Another member has one of these peer URLs.");

    /// Refused: these are no peer URLs.
    public static final Reason BAD_PEER_URLS =
            new Reason("bad-peer-urls", "These are no peer URLs: SCHEME://HOST:PORT.");

    /// Refused: too many members follow without a vote already.
    public static final Reason TOO_MANY_LEARNERS =
            new Reason("too-many-learners", "Too many members follow without a vote already.");

    /// Refused: the member votes already.
    public static final Reason NOT_A_LEARNER = new Reason("not-a-learner", "That member votes already.");

    /// Refused: the member lacks too many entries to be given a vote.
    public static final Reason LEARNER_NOT_READY =
            new Reason("learner-not-ready", "That member lacks too much to be given a vote.");

    /// Refused: afterwards too few members that ever ran would be left to decide anything.
    public static final Reason NOT_ENOUGH_STARTED =
            new Reason("not-enough-started", "Too few members have started for this change.");

    /// Refused: afterwards too few members in reach would be left to decide anything.
    public static final Reason UNHEALTHY = new Reason("unhealthy", "Too few members are in reach for this change.");

    /// Refused: only the leader does this.
    public static final Reason NOT_LEADER = new Reason("not-leader", "This member does not lead.");

    /// Refused: no voter has that id.
    public static final Reason BAD_TRANSFEREE = new Reason("bad-transferee", "No voting member has that id.");

    /// Unknown: the lead was not handed over in time.
    public static final Reason TRANSFER_TOO_LONG =
            new Reason("timed-out-transfer", "Handing over the lead took too long.");

    /// Refused: no token of ours, or one whose time is over.
    public static final Reason INVALID_TOKEN = new Reason("invalid-token", "The token is not or no longer valid.");

    /// Refused: bcrypt takes 72 bytes.
    public static final Reason PASSWORD_TOO_LONG =
            new Reason("password-too-long", "The password is longer than 72 bytes.");

    /// Refused: this server only has the key that verifies tokens.
    public static final Reason VERIFY_ONLY = new Reason("verify-only", "This server has no key to sign tokens with.");

    private Reasons() {}

    /// For answers that carry a reason where the keyspace has refused.
    public static Reason of(Refusal why) {
        String code = why.name().toLowerCase(Locale.ROOT).replace('_', '-');
        return new Reason(code, "The store refuses this: " + code + ".");
    }
}

package holdfast.server.truth;

import holdfast.core.base.Reason;

/// Every reason with which the store refuses or gives up. Doors match the codes: each protocol has its own words for
/// them (etcd's strings stand in `reference/etcd-v3.md`, 1.10).
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

    /// Refused, or Unknown when it was sent: this member stops.
    public static final Reason STOPPED = new Reason("stopped", "This member is stopping.");

    private Reasons() {}
}

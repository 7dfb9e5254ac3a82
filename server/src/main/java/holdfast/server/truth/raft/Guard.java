package holdfast.server.truth.raft;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/// What closes one fault of the engine from outside. Production uses all of them; the simulation takes one away
/// and must then find the fault (docs/decisions/0002).
enum Guard {
    /// Drops answers of an earlier term: they would count as replication of what this member holds now.
    STALE_ANSWERS,

    /// Has one engine query outstanding: an older acknowledgement would serve the second.
    ONE_QUERY,

    /// Answers for entries that this member's snapshot covers: a new leader could never sync it.
    COMPACTED_PREFIX,

    /// Lets a snapshot leave nothing of a log that disagrees with it, and a log that agrees as it is: members
    /// and their uncommitted changes would get mixed up.
    SNAPSHOT_TAIL,

    /// Ends the member when a write or flush fails: a repeated append would be acknowledged unflushed.
    HALT_ON_DISK_ERROR,

    /// Flushes before every acknowledgement: a leader that stepped down may hold what it has not flushed.
    FLUSH_BEFORE_ANSWER,

    /// Starts a pre-vote again that the engine forgot to end: it would never start another.
    ELECTION_WATCH,

    /// Takes over the later term of whoever refuses a pre-vote: a better log in an earlier term would never
    /// lead.
    REFUSED_TERM,

    /// Does not count the vote of a candidate, or the confirmation of a leader, that its newest members
    /// exclude: two would lead one term.
    OWN_VOTE,

    /// Keeps a short append from taking the commit index back.
    COMMIT_STAYS,

    /// Withholds the vote of a member that began empty until it has caught up: with its lost disk went what a
    /// majority counts on.
    NEWBORN,

    /// Forgets what a follower acknowledged that came back with an empty log: this leader would never send it the
    /// beginning again.
    LOST_LOG,

    /// Keeps what the log drops while a follower fetches a snapshot: one whose fetch takes longer than the leader takes
    /// to its next snapshot would never catch up.
    HELD_TAIL,

    /// Makes a leader step down that no majority of voters answers: the engine counts learners too.
    VOTER_QUORUM;

    static final Set<Guard> ALL = Collections.unmodifiableSet(EnumSet.allOf(Guard.class));

    static Set<Guard> allBut(Guard off) {
        EnumSet<Guard> rest = EnumSet.allOf(Guard.class);
        rest.remove(off);
        return Collections.unmodifiableSet(rest);
    }
}

package holdfast.core.healing.recover.failover;

import holdfast.core.base.NodeId;
import java.util.List;

/// What the store keeps of a cluster: written by its primary only, guarded by the primary's key.
///
/// @param systemId that `initdb` gave it; a member with another one is never touched
/// @param primary who holds every acknowledged commit
/// @param term grows by one with each primary
/// @param timeline on which the primary writes; 0 while it has not been promoted yet in this term
/// @param forkedAt where that timeline begins
/// @param rules one; more while the set changes: an election must satisfy all of them; commits wait by the last
/// @param handTo the primary leaves, and from now on does not start its server before it took the key anew; this one is
///     to be the next if it has as much as anybody; empty while the primary stays
/// @param leftAt where the log ends of a primary that left and was stopped in an orderly way: the one it left to may
///     take over at once if it has all of that; zero otherwise
/// @param gaveUp the primary's server did not come up in time: it leaves for that, or nobody took over and it does not
///     leave for that again
/// @param paused nobody is elected, nothing is started or stopped: a person works on it
/// @param forced a person accepted the loss of what the next primary lacks
public record ClusterState(
        long systemId,
        NodeId primary,
        long term,
        int timeline,
        Lsn forkedAt,
        List<Rule> rules,
        String handTo,
        Lsn leftAt,
        boolean gaveUp,
        boolean paused,
        boolean forced) {
    public ClusterState {
        rules = List.copyOf(rules);
    }

    public ClusterState withRules(List<Rule> changed) {
        return new ClusterState(
                systemId, primary, term, timeline, forkedAt, changed, handTo, leftAt, gaveUp, paused, forced);
    }

    /// The primary writes on `timeline` from `start` on.
    public ClusterState on(int started, Lsn start) {
        return new ClusterState(systemId, primary, term, started, start, rules, handTo, leftAt, gaveUp, paused, forced);
    }

    /// The primary leaves, for `next` if that is not empty.
    public ClusterState leaving(String next, boolean givesUp) {
        return new ClusterState(
                systemId, primary, term, timeline, forkedAt, rules, next, Lsn.ZERO, givesUp, paused, false);
    }

    /// The primary is stopped, and `end` is where its log ends.
    public ClusterState left(Lsn end) {
        return new ClusterState(systemId, primary, term, timeline, forkedAt, rules, handTo, end, gaveUp, paused, false);
    }

    /// A person accepts that `next`, or the best, is elected with what it has.
    public ClusterState forced(String next) {
        return new ClusterState(
                systemId, primary, term, timeline, forkedAt, rules, next, Lsn.ZERO, gaveUp, false, true);
    }

    public ClusterState withPaused(boolean pause) {
        return new ClusterState(
                systemId, primary, term, timeline, forkedAt, rules, handTo, leftAt, gaveUp, pause, forced);
    }

    /// Another primary's first state. It alone is sure to have every acknowledged commit until those of `wanted` have
    /// them too.
    public ClusterState succeededBy(NodeId successor, Rule wanted) {
        List<Rule> first = wanted.equals(Rule.ALONE) ? List.of(Rule.ALONE) : List.of(Rule.ALONE, wanted);
        return new ClusterState(systemId, successor, term + 1, 0, Lsn.ZERO, first, "", Lsn.ZERO, false, paused, false);
    }

    /// The same primary takes the key again, though its disk may lack its last writes: it does not leave for that
    /// again.
    public ClusterState againWithWhatIsLeft() {
        return new ClusterState(
                systemId, primary, term + 1, timeline, forkedAt, rules, "", Lsn.ZERO, true, paused, false);
    }

    /// The same primary takes the key again; that it gave up is forgotten when it serves.
    public ClusterState again() {
        return new ClusterState(
                systemId, primary, term + 1, timeline, forkedAt, rules, "", Lsn.ZERO, gaveUp, paused, false);
    }
}

package holdfast.server.truth.raft;

import holdfast.server.truth.raft.RaftLog.RaftStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/// What must hold after every event of a simulated run, whatever was done to the members.
///
/// Linearizability is checked by a witness: the log is the order. An operation that starts after another ended
/// must stand behind it, a write by its index, a read by the index that its member had applied. Together with
/// equal states at equal indexes this is exact, and costs nothing.
final class SimJudge {
    private static final int VIOLATIONS_MAX = 20;

    private final TreeMap<Long, Applied> committed = new TreeMap<>();
    private final TreeMap<Long, Integer> leaderOfTerm = new TreeMap<>();
    private final TreeMap<Integer, Long> termOfMember = new TreeMap<>();
    private final List<String> violations = new ArrayList<>();
    private final List<String> broken = new ArrayList<>();
    private long floor; // the highest position that an operation has ended at
    private long writesAcknowledged;
    private long readsDone;

    private record Applied(long term, long entry, long chain) {}

    /// @param chain a hash over every entry up to this one, as the member's own state has it
    void applied(int member, long index, long term, long entry, long chain) {
        Applied now = new Applied(term, entry, chain);
        Applied first = committed.putIfAbsent(index, now);
        if (first != null && !first.equals(now)) {
            violation("state machine safety: member " + member + " applied " + now + " at " + index + ", before it was "
                    + first);
        }
    }

    /// Where an operation that starts now must stand at or behind.
    long floor() {
        return floor;
    }

    void acknowledged(long floorAtStart, long index, long entry) {
        writesAcknowledged++;
        Applied at = committed.get(index);
        if (at == null || at.entry() != entry) {
            violation("a write acknowledged at " + index + " is not there: " + at);
        }
        if (index <= floorAtStart) violation("a write at " + index + " began after " + floorAtStart + " had ended");
        floor = Math.max(floor, index);
    }

    /// @param position what the barrier said is applied
    /// @param stateIndex the last entry in the member's state; leaders' and membership entries never reach it
    void read(int member, long floorAtStart, long position, long stateIndex) {
        readsDone++;
        Long newest = committed.floorKey(position);
        if (newest != null && stateIndex < newest) {
            violation("member " + member + " said it had applied " + position + ", but its state is at " + stateIndex);
        }
        if (position < floorAtStart) {
            violation("stale read: member " + member + " read at " + position + ", but " + floorAtStart
                    + " had ended before the read began");
        }
        floor = Math.max(floor, position);
    }

    void seen(int member, long term, boolean leading) {
        Long before = termOfMember.put(member, term);
        if (before != null && before > term) {
            violation("term of member " + member + " fell from " + before + " to " + term);
        }
        if (!leading) return;
        Integer first = leaderOfTerm.putIfAbsent(term, member);
        if (first != null && first != member) {
            violation("election safety: members " + first + " and " + member + " both led term " + term);
        }
    }

    /// A role change told to the machine must not go back.
    void told(int member, RaftStatus before, RaftStatus now) {
        if (now.term() < before.term()) {
            violation("member " + member + " was told of term " + now.term() + " after " + before.term());
        }
    }

    /// The member lost everything, its term too.
    void forget(int member) {
        termOfMember.remove(member);
    }

    void violation(String what) {
        if (violations.size() < VIOLATIONS_MAX) violations.add(what);
    }

    /// The engine threw something away and went on. Counts while every guard is on; without one it is to be
    /// expected, and what comes of it is looked for.
    void broken(String what) {
        if (broken.size() < VIOLATIONS_MAX) broken.add(what);
    }

    List<String> broken() {
        return broken;
    }

    List<String> violations() {
        return violations;
    }

    long highestCommitted() {
        return committed.isEmpty() ? 0 : committed.lastKey();
    }

    long writesAcknowledged() {
        return writesAcknowledged;
    }

    long readsDone() {
        return readsDone;
    }

    int leaderships() {
        return leaderOfTerm.size();
    }
}

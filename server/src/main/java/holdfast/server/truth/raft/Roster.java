package holdfast.server.truth.raft;

import holdfast.core.base.Reason;
import holdfast.server.truth.raft.RaftLog.Peer;
import io.microraft.RaftEndpoint;
import io.microraft.impl.state.FollowerState;
import io.microraft.impl.state.LeaderState;
import io.microraft.impl.state.RaftState;
import io.microraft.model.log.LogEntry;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Who is behind the numbers, and which changes of membership are allowed now. Numbers are never used twice: a
/// removed member that comes back could count its old acknowledgements for a log that it no longer has.
final class Roster {
    private static final int LEARNERS_MAX = 2; // the engine's own limit

    private final TreeMap<Integer, Peer> known = new TreeMap<>();
    private long changes;

    Roster(Collection<Peer> initial) {
        announce(initial);
    }

    void announce(Peer peer) {
        if (!peer.equals(known.put(peer.id(), peer))) changes++;
    }

    /// Rises whenever a name or an address becomes known or changes.
    long changes() {
        return changes;
    }

    void announce(Collection<Peer> peers) {
        peers.forEach(this::announce);
    }

    /// Addresses in the log, committed or not: enough to find the members after a restart.
    void announceFrom(Collection<LogEntry> entries) {
        for (LogEntry entry : entries) {
            if (entry.getOperation() instanceof Announced announced) announce(announced.peer());
        }
    }

    List<Peer> announced() {
        return List.copyOf(known.values());
    }

    /// The members as the log has them now, in the order of their numbers.
    List<Peer> members(RaftState state) {
        TreeMap<Integer, Peer> members = new TreeMap<>();
        for (RaftEndpoint member : state.members()) {
            int id = id(member);
            members.put(id, peer(id, state.isVotingMember(member)));
        }
        return List.copyOf(members.values());
    }

    private Peer peer(int id, boolean voter) {
        Peer peer = known.get(id);
        return peer == null ? new Peer(id, "", "", voter) : new Peer(id, peer.name(), peer.address(), voter);
    }

    @Nullable
    Peer leader(RaftState state) {
        RaftEndpoint leader = state.leader();
        return leader == null ? null : peer(id(leader), state.isVotingMember(leader));
    }

    static int id(RaftEndpoint member) {
        return ((MemberId) member).id();
    }

    /// Why `peer` cannot become a learner now, or null.
    @Nullable
    Reason refuseLearner(Peer peer, RaftState state) {
        if (known.containsKey(peer.id()) || peer.id() < 1) {
            return new Reason("id-used", "Member number " + peer.id() + " was used before; take a new one.");
        }
        int learners = state.members().size() - state.votingMembers().size();
        if (learners >= LEARNERS_MAX) {
            return new Reason(
                    "too-many-learners", "There are " + learners + " learners; the most is " + LEARNERS_MAX + ".");
        }
        return null;
    }

    /// Why `id` cannot become a voter now, or null.
    @Nullable
    Reason refusePromotion(int id, RaftState state, long lagMax) {
        MemberId member = new MemberId(id);
        LeaderState leading = state.leaderState();
        FollowerState follower = leading == null ? null : leading.getFollowerStateOrNull(member);
        if (follower == null) return new Reason("not-a-member", "No member has the number " + id + ".");
        if (state.isVotingMember(member)) return new Reason("already-voter", "Member " + id + " votes already.");
        long lag = state.commitIndex() - follower.matchIndex();
        if (follower.matchIndex() == 0 || lag > lagMax) {
            return new Reason(
                    "not-caught-up", "Member " + id + " lacks " + lag + " entries; the most is " + lagMax + ".");
        }
        return null;
    }
}

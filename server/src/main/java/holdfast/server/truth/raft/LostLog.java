package holdfast.server.truth.raft;

import io.microraft.impl.RaftNodeImpl;
import io.microraft.impl.state.FollowerState;
import io.microraft.impl.state.LeaderState;
import io.microraft.impl.state.RaftState;
import io.microraft.model.message.AppendEntriesFailureResponse;

/// A leader's follower that came back with an empty log under its old number. The engine remembers how far that
/// member once agreed and never goes back before it, so the member would wait for the next leader.
final class LostLog {
    private LostLog() {}

    /// A follower that refuses the very entry behind the last one that it acknowledged has lost its log: what it
    /// acknowledged is forgotten, and it is sent everything from this leader's snapshot on, or the snapshot.
    ///
    /// A refusal that is only late does no harm: the same entries are sent again, and what was committed stays so.
    static void look(RaftNodeImpl node, AppendEntriesFailureResponse refusal) {
        RaftState state = node.state();
        LeaderState leads = state.leaderState();
        if (leads == null || refusal.getTerm() > state.term()) return;
        FollowerState follower = leads.getFollowerStateOrNull(refusal.getSender());
        if (follower == null || follower.matchIndex() == 0) return;
        boolean refusesNext = refusal.getExpectedNextIndex() == follower.nextIndex();
        if (!refusesNext || follower.nextIndex() - 1 > follower.matchIndex()) return;
        follower.matchIndex(0);
        follower.nextIndex(state.log().snapshotIndex() + 1); // the next heartbeat sends from there
    }
}

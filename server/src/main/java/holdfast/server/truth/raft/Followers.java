package holdfast.server.truth.raft;

import io.microraft.RaftEndpoint;
import io.microraft.impl.RaftNodeImpl;
import io.microraft.impl.state.FollowerState;
import io.microraft.impl.state.LeaderState;
import io.microraft.impl.state.RaftState;
import io.microraft.model.message.AppendEntriesFailureResponse;
import io.microraft.model.message.AppendEntriesRequest;
import io.microraft.model.message.AppendEntriesSuccessResponse;
import io.microraft.model.message.InstallSnapshotRequest;
import io.microraft.model.message.RaftMessage;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a leader knows of its followers beyond what the engine remembers.
final class Followers {
    private final RaftNodeImpl node;
    private final Set<Guard> guards;
    private final HeldTail tail;
    private final TreeMap<Integer, Long> toldCommit = new TreeMap<>(); // by follower

    Followers(RaftNodeImpl node, Set<Guard> guards, HeldTail tail) {
        this.node = node;
        this.guards = guards;
        this.tail = tail;
    }

    void tick() {
        tail.expire();
    }

    /// What goes to `follower` in place of what the engine would send it.
    RaftMessage sending(RaftEndpoint follower, RaftMessage message) {
        RaftMessage out = message;
        if (message instanceof InstallSnapshotRequest snapshot) out = tail.sending(follower, snapshot);
        if (out instanceof AppendEntriesRequest append) {
            toldCommit.put(Roster.id(follower), append.getCommitIndex());
            if (out.equals(message) && !append.getLogEntries().isEmpty()) tail.caughtUp(follower);
        }
        return out;
    }

    /// What a follower missed while an answer of its was awaited goes out as soon as it answers.
    ///
    /// The engine sends nothing to a follower that owes an answer, and looks again only when the answer tells of
    /// new entries. One to a read's round does not: an entry, or the news of its commit, that came up meanwhile
    /// would wait for the next heartbeat, and with it the write or the watcher at that follower.
    void handle(AppendEntriesSuccessResponse answer) {
        node.handle(answer);
        RaftState state = node.state();
        FollowerState follower = follower(answer.getSender());
        if (follower == null || follower.isRequestBackoffSet()) return;
        boolean lacksEntries = follower.matchIndex() < state.log().lastLogOrSnapshotIndex();
        boolean lacksNews = toldCommit.getOrDefault(Roster.id(answer.getSender()), 0L) < state.commitIndex();
        if (lacksEntries || lacksNews) node.sendAppendEntriesRequest(answer.getSender());
    }

    /// A follower that refuses the very entry behind the last one that it acknowledged came back with an empty
    /// log under its old number. The engine remembers how far that member once agreed and never goes back before
    /// it, so the member would wait for the next leader. So what it acknowledged is forgotten, and it is sent
    /// everything from this leader's snapshot on, or the snapshot.
    ///
    /// A refusal that is only late does no harm: the same entries are sent again, and what was committed stays so.
    void handle(AppendEntriesFailureResponse refusal) {
        FollowerState follower = follower(refusal.getSender());
        if (guards.contains(Guard.LOST_LOG) && follower != null && hasLostItsLog(follower, refusal)) {
            follower.matchIndex(0);
            follower.nextIndex(node.state().log().snapshotIndex() + 1); // the next heartbeat sends from there
        }
        node.handle(refusal);
    }

    private boolean hasLostItsLog(FollowerState follower, AppendEntriesFailureResponse refusal) {
        return refusal.getTerm() <= node.state().term()
                && follower.matchIndex() > 0
                && refusal.getExpectedNextIndex() == follower.nextIndex()
                && follower.nextIndex() - 1 <= follower.matchIndex();
    }

    /// Null when this member does not lead, or not that one.
    private @Nullable FollowerState follower(RaftEndpoint member) {
        LeaderState leads = node.state().leaderState();
        return leads == null ? null : leads.getFollowerStateOrNull(member);
    }
}

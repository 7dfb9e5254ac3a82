package holdfast.server.truth.raft;

import io.microraft.impl.RaftNodeImpl;
import io.microraft.impl.state.RaftState;
import io.microraft.model.message.AppendEntriesRequest;
import io.microraft.model.message.InstallSnapshotRequest;
import io.microraft.model.message.PreVoteRequest;
import io.microraft.model.message.RaftMessage;
import io.microraft.model.message.VoteRequest;

/// A member that began with an empty disk may be one that lost its disk, and with it entries that a majority
/// counts on. Until it has caught up with the commit index that a leader first told it of, it gives its vote to
/// nobody who has a log: a member that lacks those entries would win.
///
/// The price: of a young cluster's three, two must have heard of each other before the third may be lost. What
/// it cannot see: a disk lost again, or a restart, while catching up; so a lost member is better replaced under
/// a new number.
final class Newborn {
    private final RaftNodeImpl node;
    private boolean young;
    private long toldCommitIndex;

    /// @param young whether the disk was empty, and the guard is on
    Newborn(RaftNodeImpl node, boolean young) {
        this.node = node;
        this.young = young;
    }

    /// Whether `message` asks for a vote that this member must not give yet. Learns from the others.
    boolean withholds(RaftMessage message) {
        grow();
        if (!young) return false;
        return switch (message) {
            case AppendEntriesRequest append -> told(append.getCommitIndex());
            case InstallSnapshotRequest snapshot -> told(snapshot.getSnapshotIndex());
            case PreVoteRequest request -> withholdsFrom(request.getLastLogIndex());
            case VoteRequest request -> withholdsFrom(request.getLastLogIndex());
            default -> false; // the engine's own, not a sealed type
        };
    }

    /// Ends when this member has caught up, or leads: then a majority's log was no better than its own.
    void grow() {
        RaftState state = node.state();
        boolean caughtUp = toldCommitIndex > 0 && state.commitIndex() >= toldCommitIndex;
        if (caughtUp || state.leaderState() != null) young = false;
    }

    private boolean told(long commitIndex) {
        if (toldCommitIndex == 0) toldCommitIndex = commitIndex;
        return false;
    }

    private boolean withholdsFrom(long candidatesIndex) {
        RaftState state = node.state();
        boolean empty = state.log().lastLogOrSnapshotIndex() == 0;
        return young && candidatesIndex > 0 && (toldCommitIndex > 0 || empty);
    }
}

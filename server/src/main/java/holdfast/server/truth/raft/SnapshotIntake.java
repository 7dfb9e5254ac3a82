package holdfast.server.truth.raft;

import io.microraft.RaftRole;
import io.microraft.impl.RaftNodeImpl;
import io.microraft.impl.state.RaftState;
import io.microraft.model.RaftModelFactory;
import io.microraft.model.message.InstallSnapshotRequest;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Holds a snapshot back from the engine until its files are here. One at a time: a newer one waits for the
/// leader to offer it again, so that a slow stream ends before the next begins.
final class SnapshotIntake {
    private final EngineHost host;
    private final RaftNodeImpl node;
    private final RaftModelFactory model;
    private final Consumer<Runnable> enter;
    private @Nullable InstallSnapshotRequest held;

    SnapshotIntake(EngineHost host, RaftNodeImpl node, RaftModelFactory model, Consumer<Runnable> enter) {
        this.host = host;
        this.node = node;
        this.model = model;
        this.enter = enter;
    }

    void receive(int fromPeer, InstallSnapshotRequest request) {
        RaftState state = node.state();
        if (request.getSnapshotChunk() == null
                || request.getTerm() < state.term()
                || request.getSnapshotIndex() <= state.commitIndex()) {
            node.handle(request); // the engine answers these by itself
            return;
        }
        InstallSnapshotRequest before = held;
        if (before != null) {
            if (handle(before).equals(handle(request))) held = request;
            return;
        }
        held = request;
        host.fetchSnapshot(handle(request), fromPeer, whole -> enter.accept(() -> fetched(whole)));
    }

    private static SnapshotHandle handle(InstallSnapshotRequest request) {
        return (SnapshotHandle) request.getSnapshotChunk().getOperation();
    }

    private void fetched(boolean whole) {
        InstallSnapshotRequest request = held;
        held = null;
        if (!whole || request == null) return; // the leader offers it again
        RaftState state = node.state();
        boolean follows = state.role() == RaftRole.FOLLOWER || state.role() == RaftRole.LEARNER;
        if (!follows || request.getSnapshotIndex() <= state.commitIndex()) return;
        state.snapshotChunkCollector(null); // an offer of another snapshot may have come meanwhile
        node.handle(request.getTerm() < state.term() ? adopted(request, state.term()) : request);
    }

    /// The same snapshot as if offered by nobody in this term: what was committed stays committed, whoever
    /// leads. No query is acknowledged with it, since the numbers are the old leader's.
    private InstallSnapshotRequest adopted(InstallSnapshotRequest request, int term) {
        return model.createInstallSnapshotRequestBuilder()
                .setGroupId(request.getGroupId())
                .setSender(request.getSender())
                .setTerm(term)
                .setSenderLeader(false)
                .setSnapshotTerm(request.getSnapshotTerm())
                .setSnapshotIndex(request.getSnapshotIndex())
                .setTotalSnapshotChunkCount(request.getTotalSnapshotChunkCount())
                .setSnapshotChunk(request.getSnapshotChunk())
                .setSnapshottedMembers(List.of())
                .setGroupMembersView(request.getGroupMembersView())
                .setQuerySequenceNumber(0)
                .setFlowControlSequenceNumber(0)
                .build();
    }
}

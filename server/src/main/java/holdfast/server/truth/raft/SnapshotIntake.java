package holdfast.server.truth.raft;

import io.microraft.RaftNodeStatus;
import io.microraft.RaftRole;
import io.microraft.impl.RaftNodeImpl;
import io.microraft.impl.log.RaftLog;
import io.microraft.impl.state.RaftState;
import io.microraft.model.RaftModelFactory;
import io.microraft.model.log.SnapshotChunk;
import io.microraft.model.message.AppendEntriesRequest;
import io.microraft.model.message.InstallSnapshotRequest;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Holds a snapshot back from the engine until its files are here. One at a time: a newer one waits for the
/// leader to offer it again, so that a slow stream ends before the next begins.
final class SnapshotIntake {
    private final EngineHost host;
    private final RaftNodeImpl node;
    private final RaftModelFactory model;
    private final Consumer<Runnable> enter;
    private final boolean mended;
    private @Nullable InstallSnapshotRequest held;

    SnapshotIntake(
            EngineHost host, RaftNodeImpl node, RaftModelFactory model, Consumer<Runnable> enter, boolean mended) {
        this.mended = mended;
        this.host = host;
        this.node = node;
        this.model = model;
        this.enter = enter;
    }

    void receive(int fromPeer, InstallSnapshotRequest request) {
        RaftState state = node.state();
        if (request.getTerm() < state.term() || request.getSnapshotIndex() <= state.commitIndex()) {
            node.handle(request); // the engine answers these by itself
            return;
        }
        if (mended && agrees(request)) {
            node.handle(asCommit(request));
            return;
        }
        var awaited = state.snapshotChunkCollector();
        if (mended && awaited != null && awaited.getSnapshotIndex() > request.getSnapshotIndex()) {
            state.snapshotChunkCollector(null); // an earlier leader's newer one, which nobody may have any more
        }
        if (request.getSnapshotChunk() == null) {
            node.handle(request); // it asks for the chunk
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

    /// Whether a snapshot at `index` would come too close to the one before or the next regular one: the engine
    /// keeps a tenth of `snapshotEvery` entries behind a snapshot, and takes back into its log what is already
    /// gone from it.
    boolean isNear(long index, int snapshotEvery) {
        long kept = RaftLog.getMaxLogEntryCountToKeepAfterSnapshot(snapshotEvery);
        long ahead = snapshotEvery - index % snapshotEvery;
        return index - node.state().log().snapshotIndex() <= kept || ahead <= kept;
    }

    private static SnapshotHandle handle(InstallSnapshotRequest request) {
        SnapshotChunk chunk = Objects.requireNonNull(request.getSnapshotChunk());
        return (SnapshotHandle) chunk.getOperation();
    }

    private void fetched(boolean whole) {
        InstallSnapshotRequest request = held;
        held = null;
        if (!whole || request == null) return; // the leader offers it again
        RaftState state = node.state();
        boolean follows = state.role() == RaftRole.FOLLOWER || state.role() == RaftRole.LEARNER;
        if (!follows || request.getSnapshotIndex() <= state.commitIndex()) return;
        if (mended && agrees(request)) return; // appends came meanwhile
        if (mended) dropDisagreement(request.getSnapshotIndex());
        state.snapshotChunkCollector(null); // an offer of another snapshot may have come meanwhile
        node.handle(request.getTerm() < state.term() ? adopted(request, state.term()) : request);
    }

    /// Whether the log has the snapshot's last entry: then everything up to it is here.
    private boolean agrees(InstallSnapshotRequest request) {
        RaftLog log = node.state().log();
        long index = request.getSnapshotIndex();
        return log.containsLogEntry(index) && log.getLogEntry(index).getTerm() == request.getSnapshotTerm();
    }

    /// "Commit up to the snapshot's index", which is all that a log that agrees needs. The engine would take
    /// the members back to the snapshot's and forget a change behind it.
    private AppendEntriesRequest asCommit(InstallSnapshotRequest request) {
        return model.createAppendEntriesRequestBuilder()
                .setGroupId(request.getGroupId())
                .setSender(request.getSender())
                .setTerm(request.getTerm())
                .setPreviousLogIndex(request.getSnapshotIndex())
                .setPreviousLogTerm(request.getSnapshotTerm())
                .setCommitIndex(request.getSnapshotIndex())
                .setLogEntries(List.of())
                .setQuerySequenceNumber(request.getQuerySequenceNumber())
                .setFlowControlSequenceNumber(request.getFlowControlSequenceNumber())
                .build();
    }

    /// The log differs from the snapshot's last entry, so everything behind it differs too, and any change of
    /// members not committed here is not the cluster's: the engine would keep both.
    private void dropDisagreement(long index) {
        RaftState state = node.state();
        if (state.log().lastLogOrSnapshotIndex() > index) state.log().truncateEntriesFrom(index + 1);
        if (state.effectiveGroupMembers().getLogIndex()
                == state.committedGroupMembers().getLogIndex()) return;
        node.setStatus(RaftNodeStatus.ACTIVE);
        node.revertGroupMembers();
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

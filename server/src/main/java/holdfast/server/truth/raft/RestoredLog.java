package holdfast.server.truth.raft;

import holdfast.server.base.Ticker;
import io.microraft.RaftEndpoint;
import io.microraft.model.log.RaftGroupMembersView;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;

/// A log that begins with a state from elsewhere: nothing but a snapshot, so that a member that joins later gets that
/// state, too, and not only the entries after it.
public final class RestoredLog {
    private RestoredLog() {}

    /// Writes it into `folder`, which must not hold a log, as if this member had made a snapshot at `index`. The other
    /// members of the new cluster do the same with the same state.
    ///
    /// @param peers all of the new cluster, `self` among them
    /// @param index and `term`, from 1: where the state stands
    /// @param checkpoint writes the state into a new folder
    public static void write(
            Path folder,
            RaftLog.Peer self,
            List<RaftLog.Peer> peers,
            long index,
            int term,
            Ticker ticker,
            Consumer<Path> checkpoint)
            throws IOException {
        SnapshotFolders folders = new SnapshotFolders(folder.resolve("snapshots"), self.id(), ticker);
        checkpoint.accept(folders.fresh());
        SnapshotHandle handle = folders.seal(index, peers);
        List<IOException> failures = new ArrayList<>();
        SegmentLog.Halt halt = (sentence, cause) -> failures.add(new IOException(sentence, cause));
        try (SegmentLog log =
                SegmentLog.open(LogFiles.in(folder.resolve("log")), SegmentLog.Options.DEFAULT, Runnable::run, halt)) {
            RaftGroupMembersView members = members(peers);
            log.persistAndFlushLocalEndpoint(ModelCodec.MODEL
                    .createRaftEndpointPersistentStateBuilder()
                    .setLocalEndpoint(new MemberId(self.id()))
                    .setVoting(true)
                    .build());
            log.persistAndFlushInitialGroupMembers(members);
            log.persistAndFlushTerm(ModelCodec.MODEL
                    .createRaftTermPersistentStateBuilder()
                    .setTerm(term)
                    .setVotedFor(null)
                    .build());
            log.persistSnapshotChunk(ModelCodec.MODEL
                    .createSnapshotChunkBuilder()
                    .setIndex(index)
                    .setTerm(term)
                    .setSnapshotChunkIndex(0)
                    .setSnapshotChunkCount(1)
                    .setOperation(handle)
                    .setGroupMembersView(members)
                    .build());
            log.truncateLogEntriesUntil(index);
            log.flush();
        }
        if (!failures.isEmpty()) throw failures.getFirst();
    }

    private static RaftGroupMembersView members(List<RaftLog.Peer> peers) {
        Collection<RaftEndpoint> all = new ArrayList<>();
        for (RaftLog.Peer peer : peers) all.add(new MemberId(peer.id()));
        return ModelCodec.MODEL
                .createRaftGroupMembersViewBuilder()
                .setLogIndex(0)
                .setMembers(all)
                .setVotingMembers(all)
                .build();
    }
}

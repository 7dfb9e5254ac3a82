package holdfast.server.truth.raft;

import io.microraft.model.log.SnapshotChunk;
import io.microraft.model.log.SnapshotEntry;
import java.util.List;

/// A snapshot as the engine carries it: one small value in place of chunks. The files lie in a folder and
/// travel outside the engine's messages.
///
/// @param index the last entry that the state holds
/// @param memberId who made it; another member's snapshot at the same index may have other files
/// @param peers every member that the log has announced up to `index`, removed ones too, so that no number is
/// used twice
/// @param files in name order
record SnapshotHandle(long index, int memberId, List<RaftLog.Peer> peers, List<File> files) {

    /// @param name relative to the folder, `/` between parts
    /// @param crc CRC32C of the content, or 0 while nobody has read it: who streams the file tells it then
    record File(String name, long bytes, int crc) {}

    /// What the log keeps of `snapshot`.
    static SnapshotHandle of(SnapshotEntry snapshot) {
        return (SnapshotHandle) ((SnapshotChunk) ((List<?>) snapshot.getOperation()).getFirst()).getOperation();
    }

    long bytes() {
        return files.stream().mapToLong(File::bytes).sum();
    }
}

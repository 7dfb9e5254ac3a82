package holdfast.server.truth.raft;

import holdfast.core.base.Reason;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/// Everything that [Engine] needs from outside. In production a driver thread, sockets and files; in simulation
/// a seed. Every call comes on the engine's thread, and every callback must be made on it.
interface EngineHost {

    /// Real nanoseconds that never fall (monotonic). The engine's faster clock is [EngineTime]'s business.
    long nanos();

    /// Runs `task` later on the engine's thread, never within this call, in the order given.
    void execute(Runnable task);

    /// Runs `task` on the engine's thread after `delayNanos` of real time.
    void schedule(Runnable task, long delayNanos);

    /// Sends without waiting; it may be lost, late, twice or out of order. A full queue drops.
    void send(int peerId, EngineMessage message);

    boolean reachable(int peerId);

    /// An empty folder for the snapshot at `index`, which the machine is about to fill.
    Path newSnapshotFolder(long index) throws IOException;

    /// Forces the files of [#newSnapshotFolder] to disk and lists them. A handle's folder stays until the store
    /// forgets it (`truncateLogEntriesUntil` of a later snapshot), and while somebody is still fetching it.
    SnapshotHandle sealSnapshot(long index, List<RaftLog.Peer> peers) throws IOException;

    /// Where the files of a sealed or fetched snapshot lie on this machine.
    Path folderOf(SnapshotHandle handle);

    /// Streams the snapshot's files from another member, outside the engine's messages, checks and forces them,
    /// then calls `done` once: true when they lie whole in [#folderOf]. A second fetch of the same handle goes
    /// on where the first stopped, or answers true at once. Must end by itself (a stalled stream is a failure).
    void fetchSnapshot(SnapshotHandle handle, int fromPeer, Consumer<Boolean> done);

    /// Whether another member read a part of this member's snapshot at `index` not long ago.
    boolean isFetched(long index);

    /// Keeps what the log says at `fromIndex` and behind readable, though the store was told to forget it, until
    /// another index is given; `Long.MAX_VALUE` for nothing.
    void holdLog(long fromIndex);

    /// The members and their addresses changed: connect and disconnect accordingly.
    void peersChanged(List<RaftLog.Peer> peers);

    /// A write or flush failed, or an invariant broke: whatever was promised may not be on disk. Stop the
    /// process at once, without another word to anybody. The engine is dead from here on.
    void halt(Reason why);
}

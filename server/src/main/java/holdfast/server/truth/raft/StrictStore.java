package holdfast.server.truth.raft;

import holdfast.core.base.Reason;
import io.microraft.model.log.LogEntry;
import io.microraft.model.log.RaftGroupMembersView;
import io.microraft.model.log.SnapshotChunk;
import io.microraft.model.persistence.RaftEndpointPersistentState;
import io.microraft.model.persistence.RaftTermPersistentState;
import io.microraft.persistence.RaftStore;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/// Passes everything to the real store, ends the member on the first failure, and knows whether anything is
/// unflushed.
///
/// After a failed flush nobody can say what is on disk; the engine would go on, find a repeated append in its
/// memory and acknowledge it.
final class StrictStore implements RaftStore {
    private final RaftStore store;
    private final Consumer<Reason> onFailure;
    private LongConsumer onForget = _ -> {};
    private boolean dirty;

    StrictStore(RaftStore store, Consumer<Reason> onFailure) {
        this.store = store;
        this.onFailure = onFailure;
    }

    /// Calls `told` before entries up to an index are forgotten.
    void onForget(LongConsumer told) {
        onForget = told;
    }

    @FunctionalInterface
    private interface Write {
        void run() throws IOException;
    }

    private void write(String what, Write write) throws IOException {
        try {
            write.run();
        } catch (IOException | RuntimeException failed) {
            onFailure.accept(new Reason("disk-failed", "The log could not " + what + ": " + failed + "."));
            throw failed;
        }
    }

    private void unflushed(String what, Write write) throws IOException {
        dirty = true;
        write(what, write);
    }

    /// Flushes if anything was written since the last flush.
    void flushIfDirty() throws IOException {
        if (dirty) flush();
    }

    @Override
    public void persistAndFlushLocalEndpoint(RaftEndpointPersistentState self) throws IOException {
        write("keep this member's number", () -> store.persistAndFlushLocalEndpoint(self));
    }

    @Override
    public void persistAndFlushInitialGroupMembers(RaftGroupMembersView members) throws IOException {
        write("keep the first members", () -> store.persistAndFlushInitialGroupMembers(members));
    }

    @Override
    public void persistAndFlushTerm(RaftTermPersistentState term) throws IOException {
        write("keep term and vote", () -> store.persistAndFlushTerm(term));
    }

    @Override
    public void persistLogEntries(List<LogEntry> entries) throws IOException {
        unflushed("take entries", () -> store.persistLogEntries(entries));
    }

    @Override
    public void persistSnapshotChunk(SnapshotChunk chunk) throws IOException {
        unflushed("take a snapshot", () -> store.persistSnapshotChunk(chunk));
    }

    @Override
    public void truncateLogEntriesFrom(long index) throws IOException {
        unflushed("cut its tail", () -> store.truncateLogEntriesFrom(index));
    }

    @Override
    public void truncateLogEntriesUntil(long index) throws IOException {
        onForget.accept(index);
        unflushed("forget old entries", () -> store.truncateLogEntriesUntil(index));
    }

    @Override
    public void deleteSnapshotChunks(long index, int count) throws IOException {
        unflushed("forget a snapshot", () -> store.deleteSnapshotChunks(index, count));
    }

    @Override
    public void flush() throws IOException {
        write("be flushed", store::flush);
        dirty = false;
    }
}

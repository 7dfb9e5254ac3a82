package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import io.microraft.model.impl.DefaultRaftModelFactory;
import io.microraft.model.log.LogEntry;
import io.microraft.model.log.RaftGroupMembersView;
import io.microraft.model.log.SnapshotChunk;
import io.microraft.model.log.SnapshotEntry;
import io.microraft.model.persistence.RaftEndpointPersistentState;
import io.microraft.model.persistence.RaftTermPersistentState;
import io.microraft.persistence.RaftStore;
import io.microraft.persistence.RestoredRaftState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A disk that forgets at a crash what was not flushed, or keeps the first part of it.
final class SimDisk implements RaftStore {
    private final Dice dice;
    private final List<Runnable> unflushed = new ArrayList<>(); // each makes one write durable
    private final TreeMap<Long, LogEntry> entries = new TreeMap<>();
    private final TreeMap<Long, SnapshotChunk> snapshots = new TreeMap<>();
    private @Nullable RaftEndpointPersistentState self;
    private @Nullable RaftGroupMembersView initial;
    private @Nullable RaftTermPersistentState term;
    private int failFlushIn; // 0 is never
    private int diesIn;
    private Runnable death = () -> {};
    private long flushes;

    SimDisk(Dice dice) {
        this.dice = dice;
    }

    /// The `flushes`-th flush from now fails, and what it should have kept is gone (as after a failed fsync).
    void failFlushIn(int flushes) {
        failFlushIn = flushes;
    }

    /// Power goes at the `writes`-th call from now.
    void dieIn(int writes, Runnable dies) {
        diesIn = writes;
        death = dies;
    }

    long flushes() {
        return flushes;
    }

    private void call() throws IOException {
        if (diesIn > 0 && --diesIn == 0) {
            death.run();
            throw new IOException("power cut");
        }
    }

    /// Loses what was not flushed, but for a first part that chance kept.
    void crash() {
        int kept = unflushed.isEmpty() ? 0 : dice.nextInt(unflushed.size() + 1);
        unflushed.subList(0, kept).forEach(Runnable::run);
        unflushed.clear();
        failFlushIn = 0;
        diesIn = 0;
    }

    void wipe() {
        unflushed.clear();
        entries.clear();
        snapshots.clear();
        self = null;
        initial = null;
        term = null;
    }

    /// The snapshot that a start would find; 0 for none.
    long snapshotIndex() {
        return snapshots.isEmpty() ? 0 : snapshots.lastKey();
    }

    /// What a start finds, or null on an empty disk.
    @Nullable
    RestoredRaftState restored() {
        if (self == null || initial == null) return null;
        DefaultRaftModelFactory model = new DefaultRaftModelFactory();
        SnapshotEntry snapshot = null;
        if (!snapshots.isEmpty()) {
            SnapshotChunk chunk = snapshots.lastEntry().getValue();
            snapshot = model.createSnapshotEntryBuilder()
                    .setIndex(chunk.getIndex())
                    .setTerm(chunk.getTerm())
                    .setGroupMembersView(chunk.getGroupMembersView())
                    .setSnapshotChunks(List.of(chunk))
                    .build();
        }
        RaftTermPersistentState kept = term != null
                ? term
                : model.createRaftTermPersistentStateBuilder().setTerm(0).build();
        return new RestoredRaftState(self, initial, kept, snapshot, new ArrayList<>(entries.values()));
    }

    @Override
    public void persistAndFlushLocalEndpoint(RaftEndpointPersistentState endpoint) throws IOException {
        call();
        self = endpoint;
    }

    @Override
    public void persistAndFlushInitialGroupMembers(RaftGroupMembersView members) throws IOException {
        call();
        initial = members;
    }

    @Override
    public void persistAndFlushTerm(RaftTermPersistentState now) throws IOException {
        call();
        term = now;
    }

    @Override
    public void persistLogEntries(List<LogEntry> added) throws IOException {
        call();
        for (LogEntry entry : added) unflushed.add(() -> entries.put(entry.getIndex(), entry));
    }

    @Override
    public void persistSnapshotChunk(SnapshotChunk chunk) throws IOException {
        call();
        unflushed.add(() -> snapshots.put(chunk.getIndex(), chunk));
    }

    @Override
    public void truncateLogEntriesFrom(long index) throws IOException {
        call();
        unflushed.add(() -> entries.tailMap(index, true).clear());
    }

    @Override
    public void truncateLogEntriesUntil(long index) throws IOException {
        call();
        unflushed.add(() -> {
            entries.headMap(index, true).clear();
            if (!snapshots.isEmpty())
                snapshots.headMap(snapshots.lastKey(), false).clear();
        });
    }

    @Override
    public void deleteSnapshotChunks(long index, int count) throws IOException {
        call();
        unflushed.add(() -> snapshots.remove(index));
    }

    @Override
    public void flush() throws IOException {
        call();
        flushes++;
        if (failFlushIn > 0 && --failFlushIn == 0) {
            unflushed.clear();
            throw new IOException("flush failed");
        }
        unflushed.forEach(Runnable::run);
        unflushed.clear();
    }
}

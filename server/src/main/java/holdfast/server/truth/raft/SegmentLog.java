package holdfast.server.truth.raft;

import holdfast.core.base.Check;
import holdfast.server.base.Ticker;
import io.microraft.model.log.LogEntry;
import io.microraft.model.log.RaftGroupMembersView;
import io.microraft.model.log.SnapshotChunk;
import io.microraft.model.persistence.RaftEndpointPersistentState;
import io.microraft.model.persistence.RaftTermPersistentState;
import io.microraft.persistence.RaftStore;
import io.microraft.persistence.RestoredRaftState;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// The engine's disk: one stream of records over files of fixed size, made of zeros beforehand, deleted when a
/// snapshot covers them. Everything the engine says between two flushes costs one write and one fdatasync.
///
/// If anything cannot be written or forced, [Halt] is called and the log refuses everything from then on: the
/// kernel may
/// have dropped the pages, so that trying again would acknowledge what is not on disk. One thread, the driver's.
final class SegmentLog implements RaftStore, AutoCloseable {
    private static final byte[] NO_BODY = {};
    private static final int FIRST_SEGMENT_BYTES = 2 << 20; // made while the process starts, so short

    private final LogFiles files;
    private final Options options;
    private final Halt halt;
    private final LogState state;
    private final Deque<Segment> segments;
    private final SegmentWriter writer;
    private final Deque<EntryBytes> inHeap = new ArrayDeque<>();
    private final @Nullable RestoredRaftState restored;
    private LongConsumer onSnapshot = _ -> {};
    private LongConsumer onForce = _ -> {};
    private Ticker ticker = Ticker.system();
    private long snapshotIndex;
    private long bytesSinceSnapshot;
    private long heapBytes;
    private long heldFrom = Long.MAX_VALUE;
    private boolean broken;

    /// @param segmentBytes size of a file, at least four times the largest entry
    /// @param heapBytesMax most bytes of entries kept in heap; older ones are read back from disk
    record Options(int segmentBytes, long heapBytesMax) {
        static final Options DEFAULT = new Options(32 << 20, 64L << 20);
    }

    /// Stops the process at once. May come back in tests only.
    @FunctionalInterface
    interface Halt {
        void halt(String sentence, Throwable cause);
    }

    private SegmentLog(LogFiles files, Options options, Halt halt, LogRecovery recovered, SegmentWriter writer) {
        this.files = files;
        this.options = options;
        this.halt = halt;
        this.state = recovered.state();
        this.segments = new ArrayDeque<>(recovered.segments());
        this.writer = writer;
        this.restored = recovered.restored();
        this.snapshotIndex = state.snapshotIndex();
    }

    /// Reads what is in `files` and goes on behind it. Throws [DamagedLog] when something forced to disk is not
    /// as it was written.
    ///
    /// @param background makes the next file while this one fills
    static SegmentLog open(LogFiles files, Options options, Executor background, Halt halt) throws IOException {
        LogRecovery recovered = LogRecovery.run(files);
        if (recovered.segments().isEmpty()) {
            int firstBytes = Math.min(options.segmentBytes(), FIRST_SEGMENT_BYTES);
            recovered.segments().add(new Segment(1, files.createZeroed(Segment.name(1), firstBytes)));
        }
        SegmentWriter writer = new SegmentWriter(
                files,
                options.segmentBytes(),
                background,
                recovered.state()::toBytes,
                recovered.segments().getLast(),
                recovered.endOffset());
        return new SegmentLog(files, options, halt, recovered, writer);
    }

    /// What was on disk at opening, or null when the engine never started on it.
    @Nullable
    RestoredRaftState restored() {
        return restored;
    }

    /// The index of the newest whole snapshot, 0 before the first.
    long snapshotIndex() {
        return state.snapshotIndex();
    }

    /// What was appended since the newest snapshot, or since opening.
    long bytesSinceSnapshot() {
        return bytesSinceSnapshot;
    }

    /// Calls `told` with its index whenever a newer snapshot is whole and on disk: older ones are needed no
    /// more.
    void onSnapshot(LongConsumer told) {
        onSnapshot = told;
    }

    /// Keeps the files of entries from `fromIndex` on, though a snapshot covers them.
    void hold(long fromIndex) {
        heldFrom = fromIndex;
    }

    /// Calls `nanos` with how long each forcing took.
    void onForce(Ticker newTicker, LongConsumer nanos) {
        ticker = newTicker;
        onForce = nanos;
    }

    /// Entries whose bytes are in heap right now.
    long heapBytes() {
        return heapBytes;
    }

    int segmentCount() {
        return segments.size();
    }

    @Override
    public void persistAndFlushLocalEndpoint(RaftEndpointPersistentState self) throws IOException {
        int id = ModelCodec.id(self.getLocalEndpoint());
        if (state.endpoint() == id && state.voting() == self.isVoting()) return;
        append(LogRecord.Type.ENDPOINT, NO_BODY, id, 0, self.isVoting() ? 1 : 0);
        state.endpoint(id, self.isVoting());
        flush();
    }

    @Override
    public void persistAndFlushInitialGroupMembers(RaftGroupMembersView members) throws IOException {
        if (state.initialMembers() != null) return; // they never change
        WireOut body = new WireOut();
        ModelCodec.putView(body, members);
        append(LogRecord.Type.INITIAL_MEMBERS, body.toBytes(), 0, 0, 0);
        state.initialMembers(members);
        flush();
    }

    @Override
    public void persistAndFlushTerm(RaftTermPersistentState term) throws IOException {
        int votedFor = term.getVotedFor() == null ? 0 : ModelCodec.id(term.getVotedFor());
        Check.invariant(term.getTerm() >= state.term(), "term fell from %d to %d", state.term(), term.getTerm());
        append(LogRecord.Type.TERM, NO_BODY, 0, term.getTerm(), votedFor);
        state.term(term.getTerm(), votedFor);
        flush();
    }

    @Override
    public void persistLogEntries(List<LogEntry> entries) throws IOException {
        for (LogEntry entry : entries) {
            Check.invariant(
                    state.mayAppend(entry.getIndex()), "gap: last %d, got %d", state.lastIndex(), entry.getIndex());
            ModelCodec.Kind kind = ModelCodec.kindOf(entry.getOperation());
            byte[] body = ModelCodec.operation(entry.getOperation());
            int offset = append(LogRecord.Type.ENTRY, body, entry.getIndex(), entry.getTerm(), kind.code());
            writer.segment().holds(entry.getIndex());
            state.appended(entry.getIndex());
            if (entry.getOperation() instanceof EntryBytes bytes) {
                bytes.settle(writer.segment().home(offset, body.length, LogRecord.bodyCrc(body)));
                inHeap.addLast(bytes);
                heapBytes += body.length;
            }
        }
    }

    @Override
    public void persistSnapshotChunk(SnapshotChunk chunk) throws IOException {
        WireOut body = new WireOut();
        ModelCodec.putChunk(body, chunk);
        append(LogRecord.Type.SNAPSHOT_CHUNK, body.toBytes(), chunk.getIndex(), chunk.getTerm(), 0);
        state.chunk(chunk);
    }

    @Override
    public void truncateLogEntriesFrom(long index) throws IOException {
        append(LogRecord.Type.TRUNCATE_FROM, NO_BODY, index, 0, 0);
        state.truncatedFrom(index);
    }

    @Override
    public void truncateLogEntriesUntil(long index) throws IOException {
        append(LogRecord.Type.TRUNCATE_UNTIL, NO_BODY, index, 0, 0);
        state.truncatedUntil(index);
    }

    @Override
    public void deleteSnapshotChunks(long index, int count) throws IOException {
        append(LogRecord.Type.DELETE_CHUNKS, NO_BODY, index, 0, 0);
        state.deleteChunks(index);
    }

    @Override
    public void flush() throws IOException {
        refuseIfBroken();
        try {
            long beganNanos = ticker.nanos();
            if (writer.flush()) onForce.accept(ticker.nanos() - beganNanos);
            deleteCovered();
        } catch (IOException | RuntimeException failed) {
            throw stop(failed);
        }
        if (state.snapshotIndex() > snapshotIndex) {
            snapshotIndex = state.snapshotIndex();
            bytesSinceSnapshot = 0;
            onSnapshot.accept(snapshotIndex);
        }
        while (heapBytes > options.heapBytesMax() && !inHeap.isEmpty()) {
            EntryBytes oldest = inHeap.removeFirst();
            oldest.release();
            heapBytes -= oldest.size();
        }
    }

    /// Flushes unless the log is broken.
    @Override
    public void close() throws IOException {
        if (broken) return;
        writer.close();
        for (Segment segment : segments) segment.file().close();
        broken = true;
    }

    private int append(LogRecord.Type type, byte[] body, long index, int term, int kind) throws IOException {
        refuseIfBroken();
        try {
            int offset = writer.append(type, body, index, term, kind);
            bytesSinceSnapshot += LogRecord.bytesOnDisk(body.length);
            if (!writer.segment().equals(segments.getLast())) segments.addLast(writer.segment());
            return offset;
        } catch (IOException | RuntimeException failed) {
            throw stop(failed);
        }
    }

    /// Deletes the oldest files while a snapshot covers all their entries and nobody holds them. Later files carry the
    /// state on.
    private void deleteCovered() throws IOException {
        long untilIndex = Math.min(state.headIndex(), heldFrom - 1);
        while (segments.size() > 1 && segments.getFirst().highestIndex() <= untilIndex) {
            Segment covered = segments.removeFirst();
            covered.file().close();
            files.delete(covered.name());
        }
    }

    private void refuseIfBroken() throws IOException {
        if (broken) throw new IOException("the log is closed or broken");
    }

    private IOException stop(Exception failed) {
        broken = true;
        Throwable root = failed.getCause() == null ? failed : failed.getCause();
        String sentence = "Log file %s could not be written or forced to disk at byte %d, or the next one made: %s"
                .formatted(writer.segment().name(), writer.position(), root);
        halt.halt(sentence, failed);
        return new IOException("the log is broken", failed);
    }
}

package holdfast.server.truth.raft;

import io.microraft.model.log.LogEntry;
import io.microraft.model.log.SnapshotEntry;
import io.microraft.model.persistence.RaftEndpointPersistentState;
import io.microraft.persistence.RestoredRaftState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads the segment files back at start: state and entries as the engine had them when it last flushed, or
/// later.
///
/// What a crash tore is overwritten with zeros; anything else that is not as it was written is [DamagedLog].
final class LogRecovery {
    private final LogFiles files;
    private final LogState state = new LogState();
    private final List<Segment> segments = new ArrayList<>();
    private final Deque<LogEntry> entries = new ArrayDeque<>();
    private int endOffset;

    private LogRecovery(LogFiles files) {
        this.files = files;
    }

    static LogRecovery run(LogFiles files) throws IOException {
        LogRecovery recovery = new LogRecovery(files);
        try {
            recovery.read();
        } catch (WireIn.Malformed malformed) {
            throw new IOException("A log record has a good checksum but bad content: " + malformed.getMessage());
        }
        return recovery;
    }

    /// Oldest first; empty for a new log.
    List<Segment> segments() {
        return segments;
    }

    LogState state() {
        return state;
    }

    /// Where the newest segment's next record goes.
    int endOffset() {
        return endOffset;
    }

    /// What the engine starts from, or null when it has never started on this log.
    @Nullable
    RestoredRaftState restored() {
        if (state.endpoint() == 0 || state.initialMembers() == null) return null;
        RaftEndpointPersistentState self = ModelCodec.MODEL
                .createRaftEndpointPersistentStateBuilder()
                .setLocalEndpoint(new MemberId(state.endpoint()))
                .setVoting(state.voting())
                .build();
        var term = ModelCodec.MODEL.createRaftTermPersistentStateBuilder().setTerm(state.term());
        if (state.votedFor() != 0) term.setVotedFor(new MemberId(state.votedFor()));
        return new RestoredRaftState(
                self, state.initialMembers(), term.build(), state.snapshot(), new ArrayList<>(entries));
    }

    private void read() throws IOException {
        List<Segment> found = openAll();
        int used = found.size();
        while (used > 0 && headOf(found.get(used - 1)) < 0) used--;
        for (int at = 0; at < found.size(); at++) {
            Segment segment = found.get(at);
            ByteBuffer file = read(segment, (int) segment.file().size());
            if (at >= used) {
                SegmentScan.newest(file, segment); // throws when the head was damaged, not lost
                segment.file().close();
                files.delete(segment.name());
                continue;
            }
            SegmentScan scan = at + 1 < used
                    ? SegmentScan.sealed(file, segment, headOf(found.get(at + 1)))
                    : SegmentScan.newest(file, segment);
            segments.add(segment);
            for (LogRecord record : scan.records()) replay(segment, record, file);
            if (at + 1 == used) settleEnd(segment, file, scan);
        }
        checkEntries();
    }

    /// Every segment file, oldest first; none may be missing between two.
    private List<Segment> openAll() throws IOException {
        List<Segment> found = new ArrayList<>();
        for (String name : files.names()) {
            if (!name.matches("\\d{16}\\.seg")) continue;
            long number = Long.parseLong(name.substring(0, 16));
            if (!found.isEmpty() && number != found.getLast().number() + 1) {
                throw new DamagedLog(name, 0, "the file before it, number " + (number - 1) + ", is missing");
            }
            found.add(new Segment(number, files.open(name)));
        }
        return found;
    }

    /// Where the file before ended, as this one's head says; -1 when this file has no whole head.
    private static int headOf(Segment segment) throws IOException {
        ByteBuffer start = read(segment, (int) Math.min(segment.file().size(), SegmentWriter.HEAD_BYTES_MAX));
        LogRecord head = LogRecord.headAt(start, segment.number(), 0);
        if (head == null || head.type() != LogRecord.Type.SEGMENT || !head.bodyIsWhole(start)) return -1;
        LogRecord state = LogRecord.headAt(start, segment.number(), head.endOffset());
        if (state == null || state.type() != LogRecord.Type.STATE || !state.bodyIsWhole(start)) return -1;
        return new WireIn(head.body(start)).small();
    }

    private static ByteBuffer read(Segment segment, int bytes) throws IOException {
        ByteBuffer file = ByteBuffer.allocateDirect(bytes);
        segment.file().read(file, 0);
        return file.flip();
    }

    /// Cuts what a crash tore, and forces the rest: until now it may have been in the page cache only.
    private void settleEnd(Segment segment, ByteBuffer file, SegmentScan scan) throws IOException {
        endOffset = scan.endOffset();
        if (scan.dirty()) {
            segment.file().write(ByteBuffer.allocateDirect(file.limit() - endOffset), endOffset);
        }
        segment.file().force();
    }

    private void replay(Segment segment, LogRecord record, ByteBuffer file) throws DamagedLog {
        switch (record.type()) {
            case SEGMENT -> {}
            case STATE -> {
                if (segment.equals(segments.getFirst())) state.load(record.body(file));
            }
            case ENTRY -> replayEntry(segment, record, file);
            case TRUNCATE_FROM -> {
                while (!entries.isEmpty() && entries.getLast().getIndex() >= record.index()) entries.removeLast();
                state.truncatedFrom(record.index());
            }
            case TRUNCATE_UNTIL -> {
                dropUntil(record.index());
                state.truncatedUntil(record.index());
            }
            case SNAPSHOT_CHUNK -> state.chunk(ModelCodec.chunk(new WireIn(record.body(file))));
            case DELETE_CHUNKS -> state.deleteChunks(record.index());
            case TERM -> state.term(record.term(), record.kind());
            case ENDPOINT -> state.endpoint((int) record.index(), record.kind() == 1);
            case INITIAL_MEMBERS -> state.initialMembers(ModelCodec.view(new WireIn(record.body(file))));
        }
    }

    private void replayEntry(Segment segment, LogRecord record, ByteBuffer file) throws DamagedLog {
        long index = record.index();
        if (!state.mayAppend(index)) {
            throw new DamagedLog(
                    segment.name(),
                    record.offset(),
                    "entry " + index + " follows entry " + state.lastIndex() + ", so a record between them is gone");
        }
        if (!entries.isEmpty() && index != entries.getLast().getIndex() + 1) entries.clear(); // behind a snapshot
        ModelCodec.Kind kind = ModelCodec.Kind.of(record.kind());
        Object operation = kind == ModelCodec.Kind.BYTES
                ? EntryBytes.onDisk(
                        record.length(), segment.home(record.bodyOffset(), record.length(), record.bodyCrc()))
                : ModelCodec.operation(kind, record.body(file));
        entries.addLast(ModelCodec.entry(index, record.term(), operation));
        segment.holds(index);
        state.appended(index);
    }

    private void dropUntil(long index) {
        while (!entries.isEmpty() && entries.getFirst().getIndex() <= index) entries.removeFirst();
    }

    /// What the engine needs is everything behind the snapshot, without a gap.
    private void checkEntries() throws DamagedLog {
        SnapshotEntry snapshot = state.snapshot();
        long snapshotIndex = snapshot == null ? 0 : snapshot.getIndex();
        dropUntil(snapshotIndex);
        long first = entries.isEmpty() ? snapshotIndex + 1 : entries.getFirst().getIndex();
        long last = entries.isEmpty() ? snapshotIndex : entries.getLast().getIndex();
        if (first != snapshotIndex + 1 || last != state.lastIndex()) {
            throw new DamagedLog(
                    segments.getFirst().name(),
                    0,
                    "entries " + (snapshotIndex + 1) + " to " + state.lastIndex() + " are needed, but only " + first
                            + " to " + last + " are here: an older file is missing");
        }
    }
}

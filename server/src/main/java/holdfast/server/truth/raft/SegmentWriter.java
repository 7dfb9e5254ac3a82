package holdfast.server.truth.raft;

import holdfast.core.base.Check;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/// Appends records to the newest segment file and opens the next one when it is full. Records gather in memory
/// until [#flush], which writes them at once and forces the file once.
///
/// Between two forces a sector of the file is written at most once: then it is after a crash as it was or as it
/// should be, and [SegmentScan] can tell a lost sector from a damaged one.
final class SegmentWriter {
    /// Both records at a file's start lie within.
    static final int HEAD_BYTES_MAX = 256 << 10;

    private static final int STAGED_BYTES_MAX = 512 << 10;

    private final LogFiles files;
    private final int segmentBytes;
    private final Executor background;
    private final Supplier<byte[]> state;
    private final ByteBuffer staged = ByteBuffer.allocateDirect(STAGED_BYTES_MAX);

    private Segment segment;
    private int capacity;
    private int durable;
    private int stagedFrom;
    private int position;
    private boolean unforced;
    private FutureTask<LogFiles.LogFile> spare;

    /// Goes on behind the last record of `segment`, which is all on disk.
    ///
    /// @param state what each new file begins with
    SegmentWriter(
            LogFiles files,
            int segmentBytes,
            Executor background,
            Supplier<byte[]> state,
            Segment segment,
            int endOffset)
            throws IOException {
        this.files = files;
        this.segmentBytes = segmentBytes;
        this.background = background;
        this.state = state;
        this.segment = segment;
        this.capacity = (int) segment.file().size();
        this.durable = endOffset;
        this.stagedFrom = endOffset;
        this.position = endOffset;
        this.spare = makeSpare(segment.number() + 1);
        if (endOffset == 0) putSegmentHead(0);
    }

    Segment segment() {
        return segment;
    }

    /// Where the next record of [#segment] goes.
    int position() {
        return position;
    }

    /// Stages one record.
    ///
    /// @return where its body will lie in [#segment], which may be a new one
    int append(LogRecord.Type type, byte[] body, long index, int term, int kind) throws IOException {
        int bytes = LogRecord.bytesOnDisk(body.length);
        if (bytes > capacity - position) {
            roll();
            Check.invariant(
                    bytes <= capacity - position, "a record of %d bytes cannot fit into %d", bytes, segmentBytes);
        }
        return put(type, body, index, term, kind);
    }

    /// Comes back once everything appended is on disk; false when it was already.
    boolean flush() throws IOException {
        if (position > stagedFrom) {
            segment.file().write(staged.flip(), stagedFrom);
            staged.clear();
            stagedFrom = position;
            unforced = true;
        }
        if (!unforced) return false;
        segment.file().force();
        unforced = false;
        durable = position;
        return true;
    }

    void close() throws IOException {
        flush();
        segment.file().close();
        try {
            spareFile().close();
        } catch (ExecutionException _) {
            // there is none
        }
    }

    private int put(LogRecord.Type type, byte[] body, long index, int term, int kind) throws IOException {
        if (staged.remaining() < LogRecord.HEAD_BYTES) spill();
        LogRecord.putHead(staged, segment.number(), position, type, body, index, durable, term, kind);
        int bodyOffset = position + LogRecord.HEAD_BYTES;
        position = bodyOffset;
        for (int from = 0; from < body.length; ) {
            if (!staged.hasRemaining()) spill();
            int count = Math.min(staged.remaining(), body.length - from);
            staged.put(body, from, count);
            from += count;
        }
        position += body.length;
        for (int pad = LogRecord.padding(body.length); pad > 0; pad--) {
            if (!staged.hasRemaining()) spill();
            staged.put((byte) 0);
            position++;
        }
        return bodyOffset;
    }

    /// Writes what fills whole sectors.
    private void spill() throws IOException {
        int stagedTo = stagedFrom + staged.position();
        int wholeTo = stagedTo / SegmentScan.SECTOR_BYTES * SegmentScan.SECTOR_BYTES;
        int kept = stagedTo - wholeTo;
        ByteBuffer tail = staged.duplicate().position(staged.position() - kept);
        segment.file().write(staged.duplicate().flip().limit(wholeTo - stagedFrom), stagedFrom);
        ByteBuffer rest = ByteBuffer.allocate(kept);
        rest.put(tail.limit(staged.position())).flip();
        staged.clear();
        staged.put(rest);
        stagedFrom = wholeTo;
        unforced = true;
    }

    private void roll() throws IOException {
        flush();
        int previousEnd = position;
        LogFiles.LogFile next = nextFile();
        segment = new Segment(segment.number() + 1, next);
        capacity = (int) next.size();
        durable = 0;
        stagedFrom = 0;
        position = 0;
        spare = makeSpare(segment.number() + 1);
        putSegmentHead(previousEnd);
    }

    private void putSegmentHead(int previousEnd) throws IOException {
        put(LogRecord.Type.SEGMENT, new WireOut().number(previousEnd).toBytes(), 0, 0, 0);
        byte[] copy = state.get();
        Check.invariant(copy.length < HEAD_BYTES_MAX - 128, "the log's state takes %d bytes", copy.length);
        put(LogRecord.Type.STATE, copy, 0, 0, 0);
    }

    private FutureTask<LogFiles.LogFile> makeSpare(long number) {
        FutureTask<LogFiles.LogFile> made =
                new FutureTask<>(() -> files.createZeroed(Segment.name(number), segmentBytes));
        background.execute(made);
        return made;
    }

    /// The spare. If the disk had no room for it then, it may have some now that the file is needed.
    private LogFiles.LogFile nextFile() throws IOException {
        try {
            return spareFile();
        } catch (ExecutionException _) {
            return files.createZeroed(Segment.name(segment.number() + 1), segmentBytes);
        }
    }

    private LogFiles.LogFile spareFile() throws IOException, ExecutionException {
        try {
            return spare.get();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the next log file was made", interrupted);
        }
    }
}

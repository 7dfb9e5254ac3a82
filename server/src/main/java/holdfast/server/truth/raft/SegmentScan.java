package holdfast.server.truth.raft;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads one segment file: its good records in order, and where they end. Tells what a crash may leave behind
/// from damage.
///
/// A crash loses any of the 512-byte sectors written since the last force; a lost one keeps the zeros that the
/// file was made of. So a bad record is a crash's doing only if one of its sectors is still zero from the
/// record's start on, and no later record says that the place was forced before.
///
/// @param endOffset where the next record goes
/// @param dirty whether anything but zeros lies behind `endOffset`: what a crash left there
record SegmentScan(List<LogRecord> records, int endOffset, boolean dirty) {
    static final int SECTOR_BYTES = 512;

    /// Reads a file that was the newest: it may end in a torn tail.
    static SegmentScan newest(ByteBuffer file, Segment segment) throws DamagedLog {
        List<LogRecord> records = new ArrayList<>();
        int at = 0;
        while (true) {
            LogRecord record = LogRecord.headAt(file, segment.number(), at);
            if (record == null || !record.bodyIsWhole(file)) {
                boolean dirty = endsAt(file, segment, at, record);
                return new SegmentScan(records, at, dirty);
            }
            records.add(record);
            at = record.endOffset();
        }
    }

    /// Reads a file that another one follows, which says where this one ends.
    static SegmentScan sealed(ByteBuffer file, Segment segment, int endOffset) throws DamagedLog {
        List<LogRecord> records = new ArrayList<>();
        int at = 0;
        while (at < endOffset) {
            LogRecord record = LogRecord.headAt(file, segment.number(), at);
            if (record == null || !record.bodyIsWhole(file) || record.endOffset() > endOffset) {
                throw new DamagedLog(segment.name(), at, "a record that was forced to disk fails its checksum");
            }
            records.add(record);
            at = record.endOffset();
        }
        return new SegmentScan(records, endOffset, false);
    }

    /// Whether something lies behind the end; throws when the end is no end.
    private static boolean endsAt(ByteBuffer file, Segment segment, int at, @Nullable LogRecord head)
            throws DamagedLog {
        int nextNonZero = nextNonZero(file, at, file.limit());
        if (nextNonZero == file.limit()) return false;
        for (int later = at + 8; later + LogRecord.HEAD_BYTES <= file.limit(); later += 8) {
            LogRecord record = LogRecord.headAt(file, segment.number(), later);
            if (record != null && record.durable() > at) {
                throw new DamagedLog(
                        segment.name(),
                        at,
                        "the record there fails its checksum, but the one at byte " + later
                                + " was written after it had been forced to disk");
            }
        }
        int end = head == null ? Math.min(at + LogRecord.HEAD_BYTES, file.limit()) : head.endOffset();
        if (!lostSector(file, at, end)) {
            throw new DamagedLog(
                    segment.name(), at, "the record there fails its checksum, yet none of its sectors is missing");
        }
        return true;
    }

    /// Whether a sector holds nothing but zeros from `from` up to `to`.
    private static boolean lostSector(ByteBuffer file, int from, int to) {
        for (int at = from; at < to; ) {
            int sectorEnd = Math.min((at / SECTOR_BYTES + 1) * SECTOR_BYTES, to);
            if (nextNonZero(file, at, sectorEnd) == sectorEnd) return true;
            at = sectorEnd;
        }
        return false;
    }

    private static int nextNonZero(ByteBuffer file, int from, int to) {
        int at = from;
        while (at + 8 <= to && file.getLong(at) == 0) at += 8;
        while (at < to && file.get(at) == 0) at++;
        return at;
    }
}

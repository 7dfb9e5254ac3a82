package holdfast.server.truth.raft;

import java.io.IOException;
import java.nio.ByteBuffer;

/// One file of the log. Its records hold entries up to `highestIndex`, superseded ones included.
final class Segment {
    static final String SUFFIX = ".seg";

    private final long number;
    private final LogFiles.LogFile file;
    private long highestIndex;

    Segment(long number, LogFiles.LogFile file) {
        this.number = number;
        this.file = file;
    }

    static String name(long number) {
        return String.format("%016d%s", number, SUFFIX);
    }

    String name() {
        return name(number);
    }

    long number() {
        return number;
    }

    LogFiles.LogFile file() {
        return file;
    }

    long highestIndex() {
        return highestIndex;
    }

    void holds(long index) {
        highestIndex = Math.max(highestIndex, index);
    }

    /// Where an entry's bytes can be read back from once they are written.
    EntryBytes.Home home(int bodyOffset, int length, int bodyCrc) {
        return new Place(this, bodyOffset, length, bodyCrc);
    }

    private record Place(Segment segment, int offset, int length, int crc) implements EntryBytes.Home {
        @Override
        public byte[] read() throws IOException {
            byte[] bytes = new byte[length];
            segment.file.read(ByteBuffer.wrap(bytes), offset);
            if (LogRecord.bodyCrc(bytes) != crc) {
                throw new DamagedLog(segment.name(), offset, "the entry there was read back with a wrong checksum");
            }
            return bytes;
        }
    }
}

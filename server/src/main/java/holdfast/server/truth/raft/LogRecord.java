package holdfast.server.truth.raft;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// How one record lies in a segment file: a head of 40 bytes, the body, zeros up to the next multiple of 8.
///
/// | at | bytes | what |
/// | --- | --- | --- |
/// | 0 | 4 | mark: `HF`, format version, type |
/// | 4 | 4 | body length, 0 to [#BODY_BYTES_MAX] |
/// | 8 | 8 | log index that the record is about, or 0 |
/// | 16 | 8 | durable: this file was forced up to this byte before the record was written |
/// | 24 | 4 | term, or 0 |
/// | 28 | 4 | kind of body |
/// | 32 | 4 | CRC32C of the body and the zeros behind it |
/// | 36 | 4 | CRC32C of the file's number, the record's offset and the 36 bytes before |
///
/// `durable` tells damage from a crash: a bad record below the `durable` of a later good one was once whole.
///
/// @param offset where the head starts, a multiple of 8
record LogRecord(Type type, int offset, int length, long index, long durable, int term, int kind, int bodyCrc) {
    static final int HEAD_BYTES = 40;
    static final int BODY_BYTES_MAX = 64 << 20;

    private static final int MARK = 0x4846_0100; // "HF", version 1, type in the last byte

    /// What a record says.
    enum Type {
        SEGMENT,
        STATE,
        ENTRY,
        TRUNCATE_FROM,
        TRUNCATE_UNTIL,
        SNAPSHOT_CHUNK,
        DELETE_CHUNKS,
        TERM,
        ENDPOINT,
        INITIAL_MEMBERS;

        private static final Type[] ALL = values();

        @SuppressWarnings("EnumOrdinal") // the order above is the format
        int code() {
            return ordinal();
        }
    }

    int bodyOffset() {
        return offset + HEAD_BYTES;
    }

    int endOffset() {
        return offset + bytesOnDisk(length);
    }

    /// Head, body and padding.
    static int bytesOnDisk(int length) {
        return HEAD_BYTES + length + padding(length);
    }

    static int padding(int length) {
        return -length & 7;
    }

    /// Writes a head into `into`.
    static void putHead(
            ByteBuffer into,
            long segment,
            int offset,
            Type type,
            byte[] body,
            long index,
            long durable,
            int term,
            int kind) {
        int start = into.position();
        into.putInt(MARK | type.code())
                .putInt(body.length)
                .putLong(index)
                .putLong(durable)
                .putInt(term)
                .putInt(kind)
                .putInt(bodyCrc(body));
        into.putInt(headCrc(segment, offset, into.slice(start, HEAD_BYTES - 4)));
    }

    /// The head at `offset`, or null when what lies there is none.
    static @Nullable LogRecord headAt(ByteBuffer file, long segment, int offset) {
        if (offset + HEAD_BYTES > file.limit()) return null;
        int mark = file.getInt(offset);
        int type = mark & 0xff;
        if ((mark & 0xffff_ff00) != MARK || type >= Type.ALL.length) return null;
        if (file.getInt(offset + 36) != headCrc(segment, offset, file.slice(offset, HEAD_BYTES - 4))) return null;
        int length = file.getInt(offset + 4);
        if (length < 0 || length > BODY_BYTES_MAX || (long) offset + bytesOnDisk(length) > file.limit()) return null;
        return new LogRecord(
                Type.ALL[type],
                offset,
                length,
                file.getLong(offset + 8),
                file.getLong(offset + 16),
                file.getInt(offset + 24),
                file.getInt(offset + 28),
                file.getInt(offset + 32));
    }

    boolean bodyIsWhole(ByteBuffer file) {
        CRC32C crc = new CRC32C();
        crc.update(file.slice(bodyOffset(), length + padding(length)));
        return (int) crc.getValue() == bodyCrc;
    }

    byte[] body(ByteBuffer file) {
        byte[] body = new byte[length];
        file.get(bodyOffset(), body);
        return body;
    }

    /// The checksum of `body` with its padding.
    static int bodyCrc(byte[] body) {
        CRC32C crc = new CRC32C();
        crc.update(body);
        for (int pad = padding(body.length); pad > 0; pad--) crc.update(0);
        return (int) crc.getValue();
    }

    private static int headCrc(long segment, int offset, ByteBuffer head) {
        CRC32C crc = new CRC32C();
        ByteBuffer place = ByteBuffer.allocate(12).putLong(segment).putInt(offset);
        crc.update(place.flip());
        crc.update(head);
        return (int) crc.getValue();
    }
}

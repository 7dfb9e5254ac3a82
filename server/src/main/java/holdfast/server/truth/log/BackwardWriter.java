package holdfast.server.truth.log;

import holdfast.core.base.Bytes;
import java.util.Arrays;

/// Writes protobuf wire format from the last byte to the first: the length of a nested message is known when its head
/// is written, so that nothing is measured beforehand or copied afterwards. Fields are therefore written last first.
final class BackwardWriter {
    private static final int VARINT = 0;
    private static final int DELIMITED = 2;

    private byte[] buffer;
    private int position; // of the first byte written

    BackwardWriter(int sizeHint) {
        buffer = new byte[Math.max(16, sizeHint)];
        position = buffer.length;
    }

    /// Bytes written so far; the difference of two marks is the length of what lies between.
    int mark() {
        return buffer.length - position;
    }

    byte[] toBytes() {
        return position == 0 ? buffer : Arrays.copyOfRange(buffer, position, buffer.length);
    }

    /// Closes a nested message that began (at its end) at `mark`.
    void head(int field, int mark) {
        varint(mark() - mark);
        varint(field << 3 | DELIMITED);
    }

    void bytes(int field, Bytes value) {
        if (!value.isEmpty()) optionalBytes(field, value);
    }

    /// Present even when empty.
    void optionalBytes(int field, Bytes value) {
        byte[] from = value.unsafeArray();
        reserve(from.length + 10);
        position -= from.length;
        System.arraycopy(from, 0, buffer, position, from.length);
        varint(from.length);
        varint(field << 3 | DELIMITED);
    }

    void number(int field, long value) {
        if (value != 0) optionalNumber(field, value);
    }

    void optionalNumber(int field, long value) {
        varint(value);
        varint(field << 3 | VARINT);
    }

    void flag(int field, boolean value) {
        if (value) optionalNumber(field, 1);
    }

    private void varint(long value) {
        int length = Wire.varintLength(value);
        reserve(length);
        position -= length;
        position = Wire.varint(buffer, position, value) - length;
    }

    private void reserve(int more) {
        if (position >= more) return;
        int used = buffer.length - position;
        byte[] larger = new byte[Math.max(buffer.length * 2, used + more)];
        System.arraycopy(buffer, position, larger, larger.length - used, used);
        position = larger.length - used;
        buffer = larger;
    }
}

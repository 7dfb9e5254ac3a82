package holdfast.core.truth;

import holdfast.core.base.Bytes;
import java.util.Arrays;

/// Writes rows: bytes, big-endian numbers (which sort as they count) and variable-length numbers (which are
/// short).
final class Pen {
    private byte[] bytes;
    private int size;

    /// @param sizeGuess bytes that will about be needed
    Pen(int sizeGuess) {
        this.bytes = new byte[sizeGuess];
    }

    Pen raw(int value) {
        room(1);
        bytes[size++] = (byte) value;
        return this;
    }

    Pen fixed(long value) {
        room(8);
        for (int shift = 56; shift >= 0; shift -= 8) bytes[size++] = (byte) (value >>> shift);
        return this;
    }

    Pen fixed(int value) {
        room(4);
        for (int shift = 24; shift >= 0; shift -= 8) bytes[size++] = (byte) (value >>> shift);
        return this;
    }

    /// Seven bits a byte, lowest first; a negative number takes ten bytes.
    Pen number(long value) {
        room(10);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes[size++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[size++] = (byte) rest;
        return this;
    }

    Pen run(Bytes run) {
        byte[] tail = run.unsafeArray();
        room(tail.length);
        byte[] to = bytes;
        int at = size;
        for (int index = 0; index < tail.length; index++) to[at + index] = tail[index];
        size += tail.length;
        return this;
    }

    Bytes done() {
        return Bytes.wrap(size == bytes.length ? bytes : Arrays.copyOf(bytes, size));
    }

    private void room(int more) {
        if (size + more > bytes.length) bytes = Arrays.copyOf(bytes, Math.max(size + more, 2 * bytes.length));
    }
}

package holdfast.server.truth.raft;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// Reads what [WireOut] built. Anything that does not fit is [Malformed]: bounds are checked before memory is
/// taken.
final class WireIn {
    private final byte[] bytes;
    private int at;

    /// Bytes that nobody of ours wrote.
    static final class Malformed extends RuntimeException {
        private static final long serialVersionUID = 1;

        Malformed(String sentence) {
            super(sentence);
        }
    }

    WireIn(byte[] bytes) {
        this.bytes = bytes;
    }

    long number() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte next = raw();
            value |= (next & 0x7fL) << shift;
            if (next >= 0) return value;
        }
        throw new Malformed("a number is longer than 10 bytes at byte " + at);
    }

    /// A number that fits an int, 0 or more.
    int small() {
        long value = number();
        if (value < 0 || value > Integer.MAX_VALUE) throw new Malformed("number " + value + " is out of range");
        return (int) value;
    }

    boolean flag() {
        byte value = raw();
        if (value != 0 && value != 1) throw new Malformed("a flag is " + value);
        return value == 1;
    }

    byte raw() {
        if (at == bytes.length) throw new Malformed("the bytes end at " + at);
        return bytes[at++];
    }

    byte[] block() {
        int length = small();
        if (length > bytes.length - at) throw new Malformed("a block of " + length + " bytes ends behind the last");
        byte[] block = new byte[length];
        System.arraycopy(bytes, at, block, 0, length);
        at += length;
        return block;
    }

    String text() {
        return new String(block(), UTF_8);
    }

    <T> List<T> list(Function<WireIn, T> read) {
        int count = small();
        if (count > bytes.length - at) throw new Malformed("a list of " + count + " items ends behind the last byte");
        List<T> items = new ArrayList<>(count);
        for (int index = 0; index < count; index++) items.add(read.apply(this));
        return items;
    }

    /// Refuses bytes that are left over.
    void end() {
        if (at != bytes.length) throw new Malformed((bytes.length - at) + " bytes are left over");
    }
}

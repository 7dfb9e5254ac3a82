package holdfast.server.truth.raft;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.BiConsumer;

/// Builds the bytes of messages and records: numbers from 0 up take 1 to 10 bytes, 7 bits each, lowest first.
final class WireOut {
    private byte[] bytes = new byte[128];
    private int size;

    WireOut number(long value) {
        room(10);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes[size++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[size++] = (byte) rest;
        return this;
    }

    WireOut flag(boolean value) {
        return raw((byte) (value ? 1 : 0));
    }

    WireOut raw(byte value) {
        room(1);
        bytes[size++] = value;
        return this;
    }

    /// Length and bytes.
    WireOut block(byte[] value) {
        number(value.length);
        room(value.length);
        System.arraycopy(value, 0, bytes, size, value.length);
        size += value.length;
        return this;
    }

    WireOut text(String value) {
        return block(value.getBytes(UTF_8));
    }

    /// Count and items, in their order.
    <T> WireOut list(Collection<T> items, BiConsumer<WireOut, T> put) {
        number(items.size());
        List.copyOf(items).forEach(item -> put.accept(this, item));
        return this;
    }

    int size() {
        return size;
    }

    /// Puts `value` as 4 bytes, highest first, over what lies at byte `at`.
    WireOut patch(int at, int value) {
        for (int step = 0; step < 4; step++) bytes[at + step] = (byte) (value >>> (24 - 8 * step));
        return this;
    }

    /// The bytes themselves; only the first [#size] count.
    byte[] array() {
        return bytes;
    }

    byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }

    private void room(int more) {
        if (bytes.length - size < more) bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
    }
}

package holdfast.core.base;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/// An immutable run of bytes, ordered as unsigned bytes, shorter first where one begins the other (etcd v3's key
/// order).
public final class Bytes implements Comparable<Bytes> {
    public static final Bytes EMPTY = new Bytes(new byte[0]);

    private static final String HEX = "0123456789abcdef";

    private final byte[] bytes;

    private Bytes(byte[] bytes) {
        this.bytes = bytes;
    }

    /// Copies `bytes`.
    public static Bytes copyOf(byte[] bytes) {
        return bytes.length == 0 ? EMPTY : new Bytes(bytes.clone());
    }

    /// Takes `bytes` without a copy; the caller gives it up.
    public static Bytes wrap(byte[] bytes) {
        return bytes.length == 0 ? EMPTY : new Bytes(bytes);
    }

    public static Bytes utf8(String text) {
        return wrap(text.getBytes(UTF_8));
    }

    public int size() {
        return bytes.length;
    }

    public boolean isEmpty() {
        return bytes.length == 0;
    }

    public byte at(int index) {
        return bytes[index];
    }

    public byte[] toArray() {
        return bytes.clone();
    }

    /// The bytes themselves, not a copy: read only. For codecs on the hot path.
    public byte[] unsafeArray() {
        return bytes;
    }

    public boolean startsWith(Bytes prefix) {
        return bytes.length >= prefix.bytes.length
                && Arrays.equals(bytes, 0, prefix.bytes.length, prefix.bytes, 0, prefix.bytes.length);
    }

    public Bytes concat(Bytes tail) {
        byte[] joined = Arrays.copyOf(bytes, bytes.length + tail.bytes.length);
        for (int index = 0; index < tail.bytes.length; index++) joined[bytes.length + index] = tail.bytes[index];
        return wrap(joined);
    }

    /// The bytes from `fromIndex` (from 0) up to `toIndex`, exclusive.
    public Bytes slice(int fromIndex, int toIndex) {
        return wrap(Arrays.copyOfRange(bytes, fromIndex, toIndex));
    }

    /// The next larger run of bytes: this one and a zero.
    public Bytes next() {
        return wrap(Arrays.copyOf(bytes, bytes.length + 1));
    }

    public String utf8() {
        return new String(bytes, UTF_8);
    }

    @Override
    public int compareTo(Bytes other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /// Printable ASCII as it is, all else as `\xNN`.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(bytes.length);
        for (byte b : bytes) {
            if (b >= 0x20 && b < 0x7f && b != '\\') text.append((char) b);
            else text.append("\\x" + HEX.charAt((b >> 4) & 0xf) + HEX.charAt(b & 0xf));
        }
        return text.toString();
    }
}

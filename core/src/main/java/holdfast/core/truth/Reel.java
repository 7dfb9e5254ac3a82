package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.Check;

/// Reads back what a [Pen] wrote. Throws when a row ends too early: then the row is damaged.
final class Reel {
    private final Bytes bytes;
    private int at;

    Reel(Bytes bytes, int fromIndex) {
        this.bytes = bytes;
        this.at = fromIndex;
    }

    int raw() {
        need(1);
        return bytes.at(at++) & 0xff;
    }

    long fixedLong() {
        need(8);
        long value = 0;
        for (int count = 0; count < 8; count++) value = (value << 8) | (bytes.at(at++) & 0xff);
        return value;
    }

    int fixedInt() {
        need(4);
        int value = 0;
        for (int count = 0; count < 4; count++) value = (value << 8) | (bytes.at(at++) & 0xff);
        return value;
    }

    long number() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            int next = raw();
            value |= (long) (next & 0x7f) << shift;
            if (next < 0x80) return value;
        }
        throw new IllegalStateException("damaged row: a number of more than ten bytes in " + bytes);
    }

    Bytes run(int size) {
        need(size);
        at += size;
        return bytes.slice(at - size, at);
    }

    Bytes rest() {
        return bytes.slice(at, bytes.size());
    }

    private void need(int more) {
        Check.invariant(
                more >= 0 && at + more <= bytes.size(),
                "damaged row: %d bytes wanted at %d, %d there",
                more,
                at,
                bytes.size());
    }
}

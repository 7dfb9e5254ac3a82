package holdfast.server.transfer;

import holdfast.core.base.Bytes;
import holdfast.server.client.Pair;

/// One number for pairs in their order: sizes, key, value and lease of each (FNV-1a, 64 bits).
final class PairHash {
    private static final long PRIME = 0x100000001b3L;

    private long hash = 0xcbf29ce484222325L;

    void add(Pair pair) {
        add(pair.key());
        add(pair.value());
        add(pair.lease());
    }

    long value() {
        return hash;
    }

    private void add(Bytes bytes) {
        add(bytes.size());
        for (byte next : bytes.unsafeArray()) hash = (hash ^ (next & 0xff)) * PRIME;
    }

    private void add(long number) {
        for (int shift = 0; shift < 64; shift += 8) hash = (hash ^ (number >>> shift & 0xff)) * PRIME;
    }
}

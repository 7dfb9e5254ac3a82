package holdfast.server.truth.disk;

import holdfast.core.base.Bytes;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The rows that were read by key of late, with what was written to them since, on the heap: a write looks up what it
/// replaces, and a lookup in files costs twenty times this one. Also knows keys that have no row. One thread.
final class RowCache {
    /// What an entry costs besides its bytes, roughly: two objects with arrays, and a map's entry.
    private static final int ENTRY_BYTES = 136;

    private static final int SHARE_MIN = 64; // one row takes at most this share of the cache

    private final long bytesMax;
    private final LinkedHashMap<Bytes, @Nullable Bytes> rows = new LinkedHashMap<>(1_024, 0.75f, true);
    private long bytes;

    RowCache(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /// Whether [#get] knows the answer.
    boolean knows(Bytes key) {
        return rows.containsKey(key);
    }

    /// Null when it has no row, or is not known.
    @Nullable
    Bytes get(Bytes key) {
        return rows.get(key);
    }

    /// What was read, null for no row.
    void learn(Bytes key, @Nullable Bytes value) {
        forget(key);
        if (cost(key, value) > bytesMax / SHARE_MIN) return;
        rows.put(key, value);
        bytes += cost(key, value);
        shrink();
    }

    /// What was written; of interest only for keys that were asked for.
    void written(Bytes key, @Nullable Bytes value) {
        if (rows.containsKey(key)) learn(key, value);
    }

    /// What it takes now, by its own count.
    long bytes() {
        return bytes;
    }

    void clear() {
        rows.clear();
        bytes = 0;
    }

    private void forget(Bytes key) {
        if (rows.containsKey(key)) bytes -= cost(key, rows.remove(key));
    }

    private void shrink() {
        Iterator<Map.Entry<Bytes, @Nullable Bytes>> oldest = rows.entrySet().iterator();
        while (bytes > bytesMax) {
            Map.Entry<Bytes, @Nullable Bytes> gone = oldest.next();
            bytes -= cost(gone.getKey(), gone.getValue());
            oldest.remove();
        }
    }

    private static long cost(Bytes key, @Nullable Bytes value) {
        return (long) ENTRY_BYTES + key.size() + (value == null ? 0 : value.size());
    }
}

package holdfast.core.base;

import org.jspecify.annotations.Nullable;

/// The keys from `start` up to `end`, exclusive; no `end` means every key from `start` on. An `end` at or below `start`
/// is an empty range, not an error (etcd v3 API).
public record KeyRange(Bytes start, @Nullable Bytes end) {
    public static final KeyRange ALL = new KeyRange(Bytes.EMPTY, null);

    public static KeyRange single(Bytes key) {
        return new KeyRange(key, key.next());
    }

    public static KeyRange from(Bytes start) {
        return new KeyRange(start, null);
    }

    /// Every key that begins with `prefix`; all of them when it is empty or only 0xff.
    public static KeyRange prefix(Bytes prefix) {
        for (int index = prefix.size() - 1; index >= 0; index--) {
            if (prefix.at(index) != (byte) 0xff) {
                byte[] end = prefix.slice(0, index + 1).toArray();
                end[index]++;
                return new KeyRange(prefix, Bytes.wrap(end));
            }
        }
        return from(prefix);
    }

    public boolean contains(Bytes key) {
        return key.compareTo(start) >= 0 && (end == null || key.compareTo(end) < 0);
    }

    public boolean isEmpty() {
        return end != null && end.compareTo(start) <= 0;
    }

    /// Whether this is exactly one key, as [#single] makes it.
    public boolean isSingle() {
        return end != null && end.size() == start.size() + 1 && end.at(start.size()) == 0 && end.startsWith(start);
    }
}

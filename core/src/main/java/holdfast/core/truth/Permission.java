package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.List;

/// What a role may do with some keys, in etcd's words.
///
/// @param rangeEnd exclusive; empty for the single key, one zero byte for every key from `key` on
public record Permission(Kind kind, Bytes key, Bytes rangeEnd) {
    /// The place of each is its number on the shelf and in the log: add at the end only.
    public static final List<Kind> KINDS = List.of(Kind.READ, Kind.WRITE, Kind.READ_WRITE);

    private static final Bytes OPEN = Bytes.copyOf(new byte[] {0});

    public enum Kind {
        READ,
        WRITE,
        READ_WRITE
    }

    /// Whether it says anything about some key.
    public boolean isValid() {
        if (key.isEmpty()) return false;
        return rangeEnd.isEmpty() || rangeEnd.equals(OPEN) || key.compareTo(rangeEnd) < 0;
    }

    KeyRange range() {
        if (rangeEnd.isEmpty()) return KeyRange.single(key);
        return rangeEnd.equals(OPEN) ? KeyRange.from(key) : new KeyRange(key, rangeEnd);
    }

    boolean isOf(Bytes otherKey, Bytes otherEnd) {
        return key.equals(otherKey) && rangeEnd.equals(otherEnd);
    }
}

package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What one user may do, out of all his roles.
///
/// @param root everything
/// @param read disjoint ranges that do not touch, in key order; `write` likewise
record Powers(boolean root, List<KeyRange> read, List<KeyRange> write) {

    /// Null when there is no such user.
    static @Nullable Powers of(ShelfView rows, Bytes name) {
        AuthRows.User user = AuthRows.user(rows, name);
        if (user == null) return null;
        List<KeyRange> read = new ArrayList<>();
        List<KeyRange> write = new ArrayList<>();
        for (Bytes role : user.roles()) {
            List<Permission> permissions = AuthRows.role(rows, role);
            if (permissions == null) continue;
            for (Permission permission : permissions) {
                if (permission.kind() != Permission.Kind.WRITE) read.add(permission.range());
                if (permission.kind() != Permission.Kind.READ) write.add(permission.range());
            }
        }
        return new Powers(user.has(AuthRows.ROOT), merged(read), merged(write));
    }

    boolean mayRead(KeyRange range) {
        return root || covers(read, range);
    }

    boolean mayWrite(KeyRange range) {
        return root || covers(write, range);
    }

    /// Of an empty range, which asks for nothing, the start must be allowed all the same (etcd).
    private static boolean covers(List<KeyRange> allowed, KeyRange asked) {
        Bytes askedEnd = asked.end();
        for (KeyRange each : allowed) {
            if (!each.contains(asked.start())) continue;
            Bytes end = each.end();
            return end == null || (askedEnd != null && askedEnd.compareTo(end) <= 0);
        }
        return false;
    }

    private static List<KeyRange> merged(List<KeyRange> ranges) {
        List<KeyRange> sorted = new ArrayList<>(ranges);
        sorted.sort(Comparator.comparing(KeyRange::start));
        List<KeyRange> merged = new ArrayList<>();
        for (KeyRange next : sorted) {
            KeyRange last = merged.isEmpty() ? null : merged.getLast();
            if (last != null && touches(last, next)) merged.set(merged.size() - 1, joined(last, next));
            else merged.add(next);
        }
        return merged;
    }

    private static boolean touches(KeyRange first, KeyRange next) {
        Bytes end = first.end();
        return end == null || next.start().compareTo(end) <= 0;
    }

    private static KeyRange joined(KeyRange first, KeyRange next) {
        Bytes end = first.end();
        Bytes nextEnd = next.end();
        if (end == null || nextEnd == null) return KeyRange.from(first.start());
        return new KeyRange(first.start(), end.compareTo(nextEnd) >= 0 ? end : nextEnd);
    }
}

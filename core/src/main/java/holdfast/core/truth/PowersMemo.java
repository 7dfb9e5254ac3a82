package holdfast.core.truth;

import holdfast.core.base.Bytes;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Remembers the [Powers] of users at one auth revision, so that not every command gathers them anew. No state of the
/// keyspace: it holds what its rows say, whoever reads them. From any thread; a lost update costs one more reading.
final class PowersMemo {
    private static final int USERS_MAX = 1_000;

    private record Page(long revision, SortedMap<Bytes, Powers> known) {}

    private volatile Page page = new Page(0, new TreeMap<>());

    @Nullable
    Powers of(ShelfView rows, long revision, Bytes user) {
        Page seen = page;
        Powers known = seen.revision == revision ? seen.known.get(user) : null;
        if (known != null) return known;
        Powers found = Powers.of(rows, user);
        if (found == null || revision < seen.revision) return found;
        boolean goesOn = seen.revision == revision && seen.known.size() < USERS_MAX;
        SortedMap<Bytes, Powers> next = goesOn ? new TreeMap<>(seen.known) : new TreeMap<>();
        next.put(user, found);
        page = new Page(revision, next);
        return found;
    }
}

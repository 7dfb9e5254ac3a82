package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What a batch has written so far, laid over the state before it: later commands of the batch read it, nobody
/// else does. At the end it goes to the shelf as one write set, each row once.
final class Draft implements ShelfView {
    private static final Bytes GONE = Bytes.copyOf(new byte[] {0}); // told apart by identity

    private final ShelfView base;
    private final TreeMap<Bytes, Bytes> rows = new TreeMap<>();

    Draft(ShelfView base) {
        this.base = base;
    }

    void put(Bytes key, Bytes value) {
        rows.put(key, value);
    }

    void delete(Bytes key) {
        rows.put(key, GONE);
    }

    void into(Shelf.WriteSet set) {
        for (Map.Entry<Bytes, Bytes> row : rows.entrySet()) {
            if (isGone(row.getValue())) set.delete(row.getKey());
            else set.put(row.getKey(), row.getValue());
        }
    }

    @Override
    public @Nullable Bytes get(Bytes key) {
        Bytes drafted = rows.get(key);
        if (drafted == null) return base.get(key);
        return isGone(drafted) ? null : drafted;
    }

    @Override
    public void scan(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
        NavigableMap<Bytes, Bytes> drafted = within(range);
        if (drafted.isEmpty()) base.scan(range, visit);
        else new Merge(drafted.entrySet().iterator(), 1, visit).over(wanted -> base.scan(range, wanted));
    }

    @Override
    public void scanBackwards(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
        NavigableMap<Bytes, Bytes> drafted = within(range);
        if (drafted.isEmpty()) base.scanBackwards(range, visit);
        else {
            Iterator<Map.Entry<Bytes, Bytes>> falling =
                    drafted.descendingMap().entrySet().iterator();
            new Merge(falling, -1, visit).over(wanted -> base.scanBackwards(range, wanted));
        }
    }

    @Override
    public void close() {}

    private NavigableMap<Bytes, Bytes> within(KeyRange range) {
        if (range.isEmpty()) return new TreeMap<>();
        Bytes end = range.end();
        return end == null ? rows.tailMap(range.start(), true) : rows.subMap(range.start(), true, end, false);
    }

    @SuppressWarnings("ReferenceEquality") // a row may well hold the same byte
    private static boolean isGone(Bytes value) {
        return value == GONE; // no copy of it ever leaves this class
    }

    /// Two ordered runs become one; where both have a key, the drafted row counts.
    private static final class Merge {
        private final Iterator<Map.Entry<Bytes, Bytes>> drafted;
        private final int direction;
        private final BiPredicate<Bytes, Bytes> visit;
        private Map.@Nullable Entry<Bytes, Bytes> next;
        private boolean wanted = true;

        Merge(Iterator<Map.Entry<Bytes, Bytes>> drafted, int direction, BiPredicate<Bytes, Bytes> visit) {
            this.drafted = drafted;
            this.direction = direction;
            this.visit = visit;
            this.next = drafted.next();
        }

        void over(Consumer<BiPredicate<Bytes, Bytes>> scanBase) {
            scanBase.accept(this::based);
            while (wanted && next != null) emit(next);
        }

        private boolean based(Bytes key, Bytes value) {
            while (wanted && next != null) {
                int order = direction * next.getKey().compareTo(key);
                if (order > 0) break;
                emit(next);
                if (order == 0) return wanted;
            }
            return wanted && (wanted = visit.test(key, value));
        }

        private void emit(Map.Entry<Bytes, Bytes> row) {
            next = drafted.hasNext() ? drafted.next() : null;
            if (!isGone(row.getValue())) wanted = visit.test(row.getKey(), row.getValue());
        }
    }
}

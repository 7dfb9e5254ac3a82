package holdfast.server.truth.disk;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.truth.ShelfView;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ReadOptions;
import org.rocksdb.ReadTier;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.Snapshot;

/// Reads of one generation: of the state as it is, or of a snapshot that stands still.
final class RowView implements ShelfView {
    private final Generation generation;
    private final @Nullable Snapshot snapshot;
    private final ReadOptions options;
    private final boolean holds;
    private boolean closed;

    private RowView(Generation generation, @Nullable Snapshot snapshot, ReadOptions options, boolean holds) {
        this.generation = generation;
        this.snapshot = snapshot;
        this.options = options;
        this.holds = holds;
    }

    /// Follows the writer. Lives no longer than whoever else holds `generation`.
    static RowView ofNow(Generation generation) {
        return new RowView(generation, null, new ReadOptions(), false);
    }

    /// Stands still.
    ///
    /// @param generation held for this view, and let go when it is closed
    static RowView ofSnapshot(Generation generation) {
        Snapshot snapshot = generation.database().getSnapshot();
        return new RowView(generation, snapshot, readOptions(snapshot), true);
    }

    /// What a crash would leave. For single rows only: a scan would see the rest, too.
    ///
    /// @param generation held for this view, and let go when it is closed
    static RowView ofDisk(Generation generation) {
        return new RowView(generation, null, new ReadOptions().setReadTier(ReadTier.PERSISTED_TIER), true);
    }

    @Override
    public @Nullable Bytes get(Bytes key) {
        try {
            byte[] value = generation.database().get(options, key.unsafeArray());
            return value == null ? null : Bytes.wrap(value);
        } catch (RocksDBException broken) {
            throw generation.broken(broken);
        }
    }

    @Override
    public void scan(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
        walk(range, rows -> {
            rows.seek(range.start().unsafeArray());
            while (rows.isValid() && visit.test(Bytes.wrap(rows.key()), Bytes.wrap(rows.value()))) rows.next();
        });
    }

    @Override
    public void scanBackwards(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
        walk(range, rows -> {
            rows.seekToLast(); // the upper bound counts here, too
            while (rows.isValid()) {
                Bytes key = Bytes.wrap(rows.key());
                if (key.compareTo(range.start()) < 0 || !visit.test(key, Bytes.wrap(rows.value()))) return;
                rows.prev();
            }
        });
    }

    @Override
    public long count(KeyRange range) {
        long[] count = {0};
        walk(range, rows -> {
            for (rows.seek(range.start().unsafeArray()); rows.isValid(); rows.next()) count[0]++;
        });
        return count[0];
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        options.close();
        if (snapshot != null) generation.database().releaseSnapshot(snapshot);
        if (holds) generation.letGo();
    }

    private interface Walk {
        void over(RocksIterator rows);
    }

    private void walk(KeyRange range, Walk walk) {
        if (range.isEmpty()) return;
        Bytes end = range.end();
        if (end == null) walk(options, walk);
        else {
            try (Slice bound = new Slice(end.unsafeArray());
                    ReadOptions bounded = readOptions(snapshot).setIterateUpperBound(bound)) {
                walk(bounded, walk);
            }
        }
    }

    private void walk(ReadOptions bounded, Walk walk) {
        try (RocksIterator rows = generation.database().newIterator(bounded)) {
            walk.over(rows);
            rows.status(); // an iterator that met damage just ends
        } catch (RocksDBException broken) {
            throw generation.broken(broken);
        }
    }

    private static ReadOptions readOptions(@Nullable Snapshot snapshot) {
        return snapshot == null ? new ReadOptions() : new ReadOptions().setSnapshot(snapshot);
    }
}

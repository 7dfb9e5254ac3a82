package holdfast.server.truth.disk;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.truth.Shelf;
import holdfast.core.truth.ShelfView;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/// A shelf within a shelf, under a prefix of its own: thousands of small programs run over one open database.
record Compartment(Bytes prefix, Shelf whole) implements Shelf {
    @Override
    public WriteSet newWriteSet() {
        return new Writes(whole.newWriteSet());
    }

    @Override
    public void write(WriteSet set) {
        whole.write(((Writes) set).inner);
    }

    @Override
    public ShelfView view() {
        return new View(whole.view());
    }

    @Override
    public @Nullable Bytes get(Bytes key) {
        return whole.get(prefix.concat(key));
    }

    @Override
    public void scan(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
        whole.scan(inside(range), (key, value) -> visit.test(outside(key), value));
    }

    @Override
    public void scanBackwards(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
        whole.scanBackwards(inside(range), (key, value) -> visit.test(outside(key), value));
    }

    @Override
    public long count(KeyRange range) {
        return whole.count(inside(range));
    }

    @Override
    public void close() {}

    private Bytes outside(Bytes key) {
        return key.slice(prefix.size(), key.size());
    }

    private KeyRange inside(KeyRange range) {
        Bytes end = range.end();
        return new KeyRange(
                prefix.concat(range.start()),
                end == null ? KeyRange.prefix(prefix).end() : prefix.concat(end));
    }

    private final class Writes implements WriteSet {
        private final WriteSet inner;

        Writes(WriteSet inner) {
            this.inner = inner;
        }

        @Override
        public void put(Bytes key, Bytes value) {
            inner.put(prefix.concat(key), value);
        }

        @Override
        public void delete(Bytes key) {
            inner.delete(prefix.concat(key));
        }

        @Override
        public void deleteRange(KeyRange range) {
            inner.deleteRange(inside(range));
        }
    }

    private final class View implements ShelfView {
        private final ShelfView inner;

        View(ShelfView inner) {
            this.inner = inner;
        }

        @Override
        public @Nullable Bytes get(Bytes key) {
            return inner.get(prefix.concat(key));
        }

        @Override
        public void scan(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
            inner.scan(inside(range), (key, value) -> visit.test(outside(key), value));
        }

        @Override
        public void scanBackwards(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
            inner.scanBackwards(inside(range), (key, value) -> visit.test(outside(key), value));
        }

        @Override
        public void close() {
            inner.close();
        }
    }
}

package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/// A shelf in memory: an immutable tree, so that a view or a copy costs nothing.
public final class MemoryShelf implements Shelf {
    @Override
    public WriteSet newWriteSet() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void write(WriteSet set) {
        throw new UnsupportedOperationException();
    }

    @Override
    public ShelfView view() {
        throw new UnsupportedOperationException();
    }

    /// Replaces the whole state by that of a view of another memory shelf (a snapshot, or what a crash left).
    public void restore(ShelfView from) {
        throw new UnsupportedOperationException();
    }

    @Override
    public @Nullable Bytes get(Bytes key) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void scan(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void scanBackwards(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}

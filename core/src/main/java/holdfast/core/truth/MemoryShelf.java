package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.Check;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A shelf in memory: an immutable tree, so that a view or a copy costs nothing. One thread writes, any may
/// read a view.
public final class MemoryShelf implements Shelf {
    private volatile @Nullable Leaf root;

    @Override
    public WriteSet newWriteSet() {
        return new Writes();
    }

    @Override
    public void write(WriteSet set) {
        Check.invariant(set instanceof Writes, "a write set of another shelf: %s", set.getClass());
        Leaf changed = root;
        for (UnaryOperator<@Nullable Leaf> step : ((Writes) set).steps) changed = step.apply(changed);
        root = changed;
    }

    @Override
    public ShelfView view() {
        return new View(root);
    }

    /// Replaces the whole state by that of a view of a memory shelf (a snapshot, or what a crash left).
    public void restore(ShelfView from) {
        Check.invariant(from instanceof View, "a view of another shelf: %s", from.getClass());
        root = ((View) from).root;
    }

    @Override
    public @Nullable Bytes get(Bytes key) {
        return Leaf.get(root, key);
    }

    @Override
    public void scan(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
        if (!range.isEmpty()) Leaf.scan(root, range, visit);
    }

    @Override
    public void scanBackwards(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
        if (!range.isEmpty()) Leaf.scanBackwards(root, range, visit);
    }

    @Override
    public void close() {}

    private record View(@Nullable Leaf root) implements ShelfView {
        @Override
        public @Nullable Bytes get(Bytes key) {
            return Leaf.get(root, key);
        }

        @Override
        public void scan(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
            if (!range.isEmpty()) Leaf.scan(root, range, visit);
        }

        @Override
        public void scanBackwards(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
            if (!range.isEmpty()) Leaf.scanBackwards(root, range, visit);
        }

        @Override
        public void close() {}
    }

    private static final class Writes implements WriteSet {
        private final List<UnaryOperator<@Nullable Leaf>> steps = new ArrayList<>();

        @Override
        public void put(Bytes key, Bytes value) {
            steps.add(root -> Leaf.put(root, key, value));
        }

        @Override
        public void delete(Bytes key) {
            steps.add(root -> Leaf.delete(root, key));
        }

        @Override
        public void deleteRange(KeyRange range) {
            if (!range.isEmpty()) steps.add(root -> Leaf.deleteRange(root, range));
        }
    }
}

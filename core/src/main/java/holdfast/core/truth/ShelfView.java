package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/// A state that stands still while the writer goes on. Close it.
public interface ShelfView extends AutoCloseable {
    @Nullable
    Bytes get(Bytes key);

    /// Visits keys of `range` in unsigned byte order until `visit` says false.
    void scan(KeyRange range, BiPredicate<Bytes, Bytes> visit);

    /// The same from the end.
    void scanBackwards(KeyRange range, BiPredicate<Bytes, Bytes> visit);

    @Override
    void close();
}

package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/// A state that stands still while the writer goes on. Close it.
public interface ShelfView extends AutoCloseable {
    @Nullable
    Bytes get(Bytes key);

    /// Visits keys of `range` in unsigned byte order until `visit` says false; none when the range is empty.
    void scan(KeyRange range, BiPredicate<Bytes, Bytes> visit);

    /// The same from the end.
    void scanBackwards(KeyRange range, BiPredicate<Bytes, Bytes> visit);

    /// Keys in `range`. A shelf that can count without reading values does so.
    default long count(KeyRange range) {
        long[] count = {0};
        scan(range, (_, _) -> {
            count[0]++;
            return true;
        });
        return count[0];
    }

    @Override
    void close();
}

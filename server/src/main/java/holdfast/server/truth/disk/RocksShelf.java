package holdfast.server.truth.disk;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Reason;
import holdfast.core.truth.Shelf;
import holdfast.core.truth.ShelfView;
import java.nio.file.Path;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/// The shelf on disk. Every call runs on the caller's thread and may wait for the disk: platform threads only. One
/// thread writes; views may be read by others.
///
/// Any call throws [ShelfBroken] when the disk fails or lies; then the process must stop.
public final class RocksShelf implements Shelf, AutoCloseable {

    public sealed interface Opened {
        record Ready(RocksShelf shelf) implements Opened {}

        /// Damaged, locked by another process, or not writable: says what and where.
        record Broken(Reason why) implements Opened {}
    }

    /// @param diskBytes bytes of files
    /// @param liveBytes bytes that a full compaction would leave, about
    public record Size(long diskBytes, long liveBytes) {}

    /// Opens or creates the store in `folder`, finishing a [#restore] that a crash interrupted.
    public static Opened open(Path folder) {
        throw new UnsupportedOperationException();
    }

    /// Makes everything written so far survive a crash of process and machine. Waits for the disk.
    public void flush() {
        throw new UnsupportedOperationException();
    }

    /// A row as a crash right now would leave it. Ask it for the applied index with [#durableView].
    public ShelfView durableView() {
        throw new UnsupportedOperationException();
    }

    /// Writes a copy of the state as it is now into `into`, which must not exist or be empty. Hard links, quick.
    public void checkpoint(Path into) {
        throw new UnsupportedOperationException();
    }

    /// Replaces the whole state by the checkpoint in `from`, which stays as it is. A crash in between leaves the old
    /// state or the new one. Views taken before must be closed.
    public void restore(Path from) {
        throw new UnsupportedOperationException();
    }

    public Size size() {
        throw new UnsupportedOperationException();
    }

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

package holdfast.server.truth;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A watch that begins once it was allowed, unless it was closed before.
final class LateWatching implements Store.Watching {
    private Store.@Nullable Watching begun;
    private boolean closed;

    synchronized void begin(Supplier<Store.Watching> watch) {
        if (!closed) begun = watch.get();
    }

    private synchronized Store.@Nullable Watching begun() {
        return begun;
    }

    @Override
    public void taken() {
        Store.@Nullable Watching watching = begun();
        if (watching != null) watching.taken();
    }

    @Override
    public void dropped() {
        Store.@Nullable Watching watching = begun();
        if (watching != null) watching.dropped();
    }

    @Override
    public long syncedRevision() {
        Store.@Nullable Watching watching = begun();
        return watching == null ? -1 : watching.syncedRevision();
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (begun != null) begun.close();
    }
}

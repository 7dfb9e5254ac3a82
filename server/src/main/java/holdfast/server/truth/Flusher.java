package holdfast.server.truth;

import holdfast.core.truth.Keyspace;
import holdfast.server.base.Driver;
import holdfast.server.base.Mailbox;
import holdfast.server.truth.disk.RocksShelf;

/// Flushes the shelf in the background after so many bytes of entries, so that a restart has few to apply again and a
/// snapshot finds most of the work done.
final class Flusher implements AutoCloseable {
    private static final long FLUSH_BYTES = 16L << 20; // of log entries: under a second of applying again
    private static final long LOOK_NANOS = 1_000_000_000L;

    private final RocksShelf shelf;
    private final Mailbox<Boolean> wakes = new Mailbox<>(1);
    private final Driver driver;
    private long unflushedBytes; // the raft driver's thread only
    private volatile long appliedIndex;
    private volatile long durableIndex;
    private volatile RocksShelf.Size size;

    Flusher(Keyspace keyspace, RocksShelf shelf, Runnable onBug) {
        this.shelf = shelf;
        appliedIndex = keyspace.tip(shelf).appliedIndex();
        durableIndex = Replica.durableIndexOf(keyspace, shelf);
        size = shelf.size();
        driver = new Driver("flusher", this::turn, onBug);
    }

    private void turn() throws InterruptedException {
        boolean asked = !wakes.drain(1, LOOK_NANOS).isEmpty();
        if (asked) {
            long reached = appliedIndex;
            shelf.flush();
            durableIndex = reached;
        }
        size = shelf.size();
    }

    /// On the thread that applies.
    void applied(long index, int entryBytes) {
        appliedIndex = index;
        unflushedBytes += entryBytes;
        if (unflushedBytes >= FLUSH_BYTES && wakes.offer(true)) unflushedBytes = 0;
    }

    /// On the thread that applies. A restored state is on disk, whatever was flushed before.
    void restored(long index) {
        appliedIndex = index;
        durableIndex = index;
        unflushedBytes = 0;
    }

    /// A flush that was under way during a restore may lower this again for a moment: applying twice does no harm.
    long durableIndex() {
        return durableIndex;
    }

    RocksShelf.Size size() {
        return size;
    }

    @Override
    public void close() {
        driver.close();
    }
}

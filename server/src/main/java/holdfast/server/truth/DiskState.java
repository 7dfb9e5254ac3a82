package holdfast.server.truth;

import holdfast.core.truth.Keyspace;
import holdfast.core.truth.ShelfView;
import holdfast.server.base.Driver;
import holdfast.server.base.Mailbox;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.truth.disk.RocksShelf;
import java.util.concurrent.atomic.AtomicBoolean;

/// How much of the state lies on disk, looked at now and then off the thread that applies. The shelf flushes by
/// itself every few megabytes, so a restart has little to apply again.
final class DiskState implements AutoCloseable {
    private static final long LOOK_NANOS = 500_000_000L;

    private final Ticker ticker;
    private final Keyspace keyspace;
    private final RocksShelf shelf;
    private final StoreMetrics metrics;
    private final Mailbox<Boolean> never = new Mailbox<>(1);
    private final Driver driver;
    private final AtomicBoolean tidying = new AtomicBoolean();
    private volatile long durableIndex;
    private volatile RocksShelf.Size size;

    DiskState(Ticker ticker, Keyspace keyspace, RocksShelf shelf, StoreMetrics metrics, Runnable onBug) {
        this.ticker = ticker;
        this.keyspace = keyspace;
        this.metrics = metrics;
        this.shelf = shelf;
        durableIndex = look();
        size = shelf.size();
        driver = new Driver("disk-state", this::turn, onBug);
    }

    private void turn() throws InterruptedException {
        boolean _ = never.drain(1, LOOK_NANOS).isEmpty(); // a bounded wait that closing interrupts
        durableIndex = look();
        size = shelf.size();
    }

    private long look() {
        try (ShelfView durable = shelf.durableView()) {
            return keyspace.tip(durable).appliedIndex();
        }
    }

    /// Highest index whose effects survive a crash, or a lower one.
    long durableIndex() {
        return durableIndex;
    }

    /// Rewrites the files without what nothing uses any more, in the background; does nothing while that is
    /// under way.
    void tidy() {
        if (!tidying.compareAndSet(false, true)) return;
        Threads.startPlatform("tidy", () -> {
            long beganNanos = ticker.nanos();
            try {
                shelf.tidy();
                metrics.defragment.observe((ticker.nanos() - beganNanos) / 1e9);
            } finally {
                tidying.set(false);
            }
        });
    }

    RocksShelf.Size size() {
        return size;
    }

    @Override
    public void close() {
        driver.close();
    }
}

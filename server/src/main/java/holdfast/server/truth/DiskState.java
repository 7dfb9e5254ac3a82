package holdfast.server.truth;

import holdfast.core.truth.Keyspace;
import holdfast.core.truth.ShelfView;
import holdfast.server.base.Driver;
import holdfast.server.base.Mailbox;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.truth.disk.RocksShelf;
import holdfast.server.truth.disk.ShelfBroken;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How much of the state lies on disk, looked at now and then off the thread that applies, and how much room it
/// takes, looked at when somebody asks. The shelf flushes by itself every few megabytes, so a restart has little to
/// apply again.
final class DiskState implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DiskState.class);
    private static final long LOOK_NANOS = 500_000_000L;
    private static final long AGE_NANOS = 50_000_000L; // so that asking often costs nothing
    private static final int ASKED_MAX = 256;
    private static final long SLOW_FORCE_NANOS = 1_000_000_000L; // etcd's

    private final Ticker ticker;
    private final Keyspace keyspace;
    private final RocksShelf shelf;
    private final StoreMetrics metrics;
    private final Mailbox<Boolean> never = new Mailbox<>(1);
    private final Runnable onBug;
    private final Driver driver;
    private volatile long durableIndex;
    private final AtomicLong sizedNanos;
    private volatile RocksShelf.Size size;
    private volatile int rounds; // of tidying that are over
    private volatile boolean closed;

    // Under this room's lock.
    private List<Consumer<Boolean>> asked = new ArrayList<>();
    private boolean tidying;

    DiskState(Ticker ticker, Keyspace keyspace, RocksShelf shelf, StoreMetrics metrics, Runnable onBug) {
        this.ticker = ticker;
        this.keyspace = keyspace;
        this.metrics = metrics;
        this.shelf = shelf;
        this.onBug = onBug;
        durableIndex = look();
        sizedNanos = new AtomicLong(ticker.nanos());
        size = shelf.size();
        driver = new Driver("disk-state", this::turn, onBug);
    }

    private void turn() throws InterruptedException {
        boolean _ = never.drain(1, LOOK_NANOS).isEmpty(); // a bounded wait that closing interrupts
        durableIndex = look();
    }

    private long look() {
        try (ShelfView durable = shelf.durableView()) {
            return keyspace.tip(durable).appliedIndex();
        }
    }

    /// The log was forced to disk, which took so long.
    void forced(long nanos) {
        metrics.walFsync.observe(nanos / 1e9);
        if (nanos >= SLOW_FORCE_NANOS) LOG.warn("Forcing the log to disk took {} ms.", nanos / 1_000_000);
    }

    /// Highest index whose effects survive a crash, or a lower one.
    long durableIndex() {
        return durableIndex;
    }

    /// Rewrites the files without what nothing uses any more, on a thread of its own. Whoever asks while that is
    /// under way shares the next time.
    ///
    /// @param done hears whether it was done, when it is over
    /// @return false when too many wait
    boolean tidy(Consumer<Boolean> done) {
        synchronized (this) {
            if (asked.size() == ASKED_MAX) return false;
            asked.add(done);
            if (tidying) return true;
            tidying = true;
        }
        Threads.startPlatform("tidy", this::tidyAll);
        return true;
    }

    private void tidyAll() {
        for (List<Consumer<Boolean>> round = takeAsked(); !round.isEmpty(); round = takeAsked()) {
            boolean tidied = !closed && tidyOnce();
            for (Consumer<Boolean> done : round) Callbacks.call(done, tidied);
        }
    }

    private boolean tidyOnce() {
        long beganNanos = ticker.nanos();
        try {
            RocksShelf.Size left = shelf.tidy();
            synchronized (this) {
                rounds++;
                size = left;
            }
            metrics.defragment.observe((ticker.nanos() - beganNanos) / 1e9);
            return true;
        } catch (ShelfBroken broken) {
            LOG.error("The files could not be rewritten: the store stops.", broken);
            onBug.run();
            return false;
        }
    }

    private synchronized List<Consumer<Boolean>> takeAsked() {
        List<Consumer<Boolean>> round = asked;
        asked = new ArrayList<>();
        tidying = !round.isEmpty();
        return round;
    }

    /// At most [#AGE_NANOS] old. From any thread.
    RocksShelf.Size size() {
        long before = sizedNanos.get();
        long now = ticker.nanos();
        if (closed || now - before < AGE_NANOS || !sizedNanos.compareAndSet(before, now)) return size;
        int round = rounds;
        RocksShelf.Size found = shelf.size();
        synchronized (this) {
            if (rounds == round) size = found; // else this is from before all was given back
        }
        return size;
    }

    @Override
    public void close() {
        closed = true;
        driver.close();
    }
}

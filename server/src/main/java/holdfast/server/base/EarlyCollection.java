package holdfast.server.base;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Collects the old generation before it has grown to its bound. The serial collector fills all that it may take before
/// it looks for what is dead in it, so that a member would sooner or later take its whole heap for a third of it alive.
/// Does nothing under any other collector.
public final class EarlyCollection implements AutoCloseable {
    private static final String SERIAL_OLD = "Tenured Gen";
    private static final long LOOK_MILLIS = 1_000;
    private static final long ROOM_BYTES = 24 << 20; // what may die before it is looked for
    private static final int ROOM_SHARE = 3; // or this share of what was alive, if that is more
    private static final long EVERY_NANOS = TimeUnit.SECONDS.toNanos(10); // at most

    private final MemoryPoolMXBean old;
    private final Ticker ticker;
    private final Thread thread;

    private EarlyCollection(MemoryPoolMXBean old, Ticker ticker) {
        this.old = old;
        this.ticker = ticker;
        thread = Threads.start("early collection", this::run);
    }

    /// Null when there is nothing to do.
    public static @Nullable EarlyCollection start(Ticker ticker) {
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans())
            if (pool.getName().equals(SERIAL_OLD)) return new EarlyCollection(pool, ticker);
        return null;
    }

    @Override
    public void close() {
        thread.interrupt();
    }

    private void run() {
        Rule rule = new Rule(used(), ticker.nanos());
        try {
            while (true) {
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
                if (!rule.isDue(used(), ticker.nanos())) continue;
                System.gc();
                rule = new Rule(used(), ticker.nanos());
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt(); // closed
        }
    }

    private long used() {
        return old.getUsage().getUsed();
    }

    /// When to collect next.
    ///
    /// @param aliveBytes what the last collection left
    /// @param collectedNanos when that was
    record Rule(long aliveBytes, long collectedNanos) {
        boolean isDue(long usedBytes, long nanos) {
            long room = Math.max(ROOM_BYTES, aliveBytes / ROOM_SHARE);
            return usedBytes - aliveBytes >= room && nanos - collectedNanos >= EVERY_NANOS;
        }
    }
}

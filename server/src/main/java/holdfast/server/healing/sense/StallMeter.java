package holdfast.server.healing.sense;

import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import java.util.concurrent.TimeUnit;

/// Knows how late this process was lately: a thread that should wake every 20 ms notes when it does not. A
/// stalled witness counts for less. On a clock that goes on while the machine sleeps.
public final class StallMeter implements AutoCloseable {
    private static final long EVERY_NANOS = 20_000_000;
    private static final int STALLS_MAX = 512;
    private static final long NOTABLE_NANOS = 20_000_000;

    private final Ticker ticker;
    private final Thread thread;
    private final long[] endedNanos = new long[STALLS_MAX]; // ring, under `this`
    private final long[] lengthNanos = new long[STALLS_MAX];
    private int nextIndex;
    private long lastNanos;
    private volatile boolean closed;

    public StallMeter(Ticker ticker) {
        this.ticker = ticker;
        this.lastNanos = ticker.bootNanos();
        this.thread = Threads.startPlatform("stall meter", this::run);
    }

    private void run() {
        while (!closed) {
            try {
                TimeUnit.NANOSECONDS.sleep(EVERY_NANOS);
            } catch (InterruptedException _) {
                return;
            }
            note();
        }
    }

    private synchronized void note() {
        long now = ticker.bootNanos();
        long late = now - lastNanos - EVERY_NANOS;
        lastNanos = now;
        if (late < NOTABLE_NANOS) return;
        endedNanos[nextIndex] = now;
        lengthNanos[nextIndex] = late;
        nextIndex = (nextIndex + 1) % STALLS_MAX;
    }

    /// The longest stall that ended at `sinceBootNanos` or later, one under way included; 0 for none over 20 ms.
    public synchronized long worstSince(long sinceBootNanos) {
        long underWay = ticker.bootNanos() - lastNanos - EVERY_NANOS;
        long worst = underWay >= NOTABLE_NANOS ? underWay : 0;
        for (int index = 0; index < STALLS_MAX; index++) {
            if (lengthNanos[index] > worst && endedNanos[index] >= sinceBootNanos) worst = lengthNanos[index];
        }
        return worst;
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}

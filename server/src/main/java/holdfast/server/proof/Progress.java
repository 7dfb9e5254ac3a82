package holdfast.server.proof;

import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;

/// Says what is going on and for how long, so that nobody wonders whether it hangs: on a terminal one line that changes
/// ten times a second, elsewhere one line at least every 2 s.
final class Progress implements AutoCloseable {
    private static final long LIVE_MILLIS = 100;
    private static final long PLAIN_MILLIS = 1_500;
    private static final String CLEAR = "\r\u001b[K";

    private final PrintStream out;
    private final boolean live;
    private final Ticker ticker;
    private final long startNanos;

    // guarded by this
    private String step = "starting";
    private long stepNanos;
    private boolean closed;

    /// @param live whether `out` is a terminal
    Progress(PrintStream out, boolean live, Ticker ticker) {
        this.out = out;
        this.live = live;
        this.ticker = ticker;
        startNanos = ticker.nanos();
        stepNanos = startNanos;
        Threads.startPlatform("progress", this::run);
    }

    private void run() {
        long every = live ? LIVE_MILLIS : PLAIN_MILLIS;
        while (show()) Pause.millis(every);
    }

    private synchronized boolean show() {
        if (closed) return false;
        String line = "%4.0f s  %s (%.1f s)".formatted(seconds(startNanos), step, seconds(stepNanos));
        if (live) out.print(CLEAR + line);
        else out.println(line);
        out.flush();
        return true;
    }

    private double seconds(long sinceNanos) {
        return (ticker.nanos() - sinceNanos) / (double) TimeUnit.SECONDS.toNanos(1);
    }

    /// What is going on from now on. The same as before changes nothing.
    synchronized void step(String what) {
        if (what.equals(step)) return;
        step = what;
        stepNanos = ticker.nanos();
    }

    /// A line that stays, on `to`.
    synchronized void say(PrintStream to, String line) {
        if (closed) return;
        if (live) out.print(CLEAR);
        out.flush();
        to.println(line);
        to.flush();
    }

    double elapsedSeconds() {
        return seconds(startNanos);
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (live) out.print(CLEAR);
        out.flush();
    }
}

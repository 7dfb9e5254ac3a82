package holdfast.server.truth.etcd;

import io.vertx.core.Vertx;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.LongAdder;

/// Those watchers of one stream that wait until its client has caught up. They go on a few at a time, since each may
/// bring more than the client takes at once. On the call's event loop.
final class SlowWatchers {
    /// Watchers that go on at once, and how long the next ones wait then.
    private static final int WAKE_MAX = 64;

    private static final long WAKE_MILLIS = 2;

    private final Vertx vertx;
    private final Call call;
    private final LongAdder count;
    private final Runnable drained;
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>(); // each watcher at most once
    private boolean wakeComes;

    /// @param count of all streams
    /// @param drained told first when there is room again
    SlowWatchers(Vertx vertx, Call call, LongAdder count, Runnable drained) {
        this.vertx = vertx;
        this.call = call;
        this.count = count;
        this.drained = drained;
    }

    void add(Runnable goOn) {
        waiting.add(goOn);
        count.increment();
        wakeLater();
    }

    /// Looks again when there is room, or soon.
    void wakeLater() {
        if (wakeComes) return;
        wakeComes = true;
        if (call.isFull()) call.onDrain(this::wake);
        else vertx.setTimer(WAKE_MILLIS, _ -> wake());
    }

    private void wake() {
        if (call.isOver()) return;
        wakeComes = false;
        drained.run();
        for (int left = WAKE_MAX; left > 0 && !waiting.isEmpty() && !call.isFull(); left--) {
            count.decrement();
            waiting.remove().run();
        }
        if (!waiting.isEmpty()) wakeLater();
    }

    /// The stream is over.
    void forget() {
        count.add(-waiting.size());
        waiting.clear();
    }
}

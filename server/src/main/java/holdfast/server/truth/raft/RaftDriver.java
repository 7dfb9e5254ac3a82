package holdfast.server.truth.raft;

import holdfast.server.base.Threads;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// The one thread that steps the engine: a platform thread that waits for sockets, tasks and delays alike, so
/// that a message costs no hand-over between threads.
///
/// A turn is everything that had come when the thread woke up. At its end the sockets are written, and only then
/// runs what was put off with [#later], above all the flush of the log: so the members write their disks at the
/// same time, and all entries of a turn share one flush.
final class RaftDriver implements AutoCloseable {
    private static final int LATER_PER_ROUND_MAX = 10_000;

    private final EventLoopGroup group;
    private final EventLoop loop;
    private final Consumer<Throwable> onBug;
    private final Deque<Runnable> later = new ArrayDeque<>();
    private Runnable writeSockets = () -> {};
    private boolean endOfTurnDue;
    private boolean stopped;

    /// @param onBug told of whatever a step throws, on this thread; no step runs after it
    RaftDriver(String name, Consumer<Throwable> onBug) {
        this.onBug = onBug;
        group = loop(name);
        loop = group.next();
    }

    /// An event loop of one named platform thread.
    static EventLoopGroup loop(String name) {
        Executor thread = task -> Threads.startPlatform(name, task);
        return new MultiThreadIoEventLoopGroup(1, thread, SocketKind.BEST.loops());
    }

    /// What writes the sockets at the end of a turn. Set before the first step.
    void onEndOfTurn(Runnable write) {
        writeSockets = write;
    }

    EventLoop loop() {
        return loop;
    }

    /// Runs `step` on this thread: at once when on it already, else in its next turn. Nothing runs after
    /// [#close].
    void run(Runnable step) {
        if (loop.inEventLoop()) guarded(step);
        else execute(step);
    }

    /// Runs `step` in a later task of this thread. False when the thread has ended: it never runs then.
    boolean execute(Runnable step) {
        try {
            loop.execute(() -> guarded(step));
            return true;
        } catch (RejectedExecutionException _) {
            return false;
        }
    }

    /// Runs `task` at the end of the turn, behind the writes to sockets. Called on this thread only.
    void later(Runnable task) {
        later.add(task);
        endTurnSoon();
    }

    void schedule(Runnable step, long delayNanos) {
        if (loop.isShuttingDown()) return;
        var _ = loop.schedule(() -> guarded(step), delayNanos, TimeUnit.NANOSECONDS);
    }

    private void guarded(Runnable step) {
        if (unguarded(step)) endTurnSoon();
    }

    private boolean unguarded(Runnable step) {
        if (stopped) return false;
        try {
            step.run();
            return true;
        } catch (RuntimeException | Error bug) {
            stopped = true;
            onBug.accept(bug);
            return false;
        }
    }

    private void endTurnSoon() {
        if (endOfTurnDue) return;
        endOfTurnDue = true;
        loop.execute(() -> unguarded(this::endTurn));
    }

    private void endTurn() {
        writeSockets.run();
        for (int count = 0; count < LATER_PER_ROUND_MAX; count++) {
            Runnable task = later.poll();
            if (task == null) break;
            task.run();
        }
        writeSockets.run();
        endOfTurnDue = false;
        if (!later.isEmpty()) endTurnSoon();
    }

    /// Ends the thread; waits for it unless called on it. What was not run is dropped.
    @Override
    public void close() {
        var ended = group.shutdownGracefully(0, 2, TimeUnit.SECONDS);
        if (!loop.inEventLoop()) ended.awaitUninterruptibly(3, TimeUnit.SECONDS);
    }
}

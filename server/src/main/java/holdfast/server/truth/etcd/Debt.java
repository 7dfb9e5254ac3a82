package holdfast.server.truth.etcd;

import holdfast.server.base.Ticker;
import java.util.ArrayDeque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What lies in this process for one connection that has not taken it yet. On the connection's event loop, but for the
/// two numbers that [Backlog] reads.
///
/// How long the answer of a read will be nobody knows before it is read. So each read is let in with a guess, from the
/// reads of its kind before it, and as many run at once as fit by that guess. A connection that takes nothing is full
/// after a few MiB; its further requests wait, nobody else's do.
final class Debt {
    private static final Ticker TICKER = Ticker.system();

    /// Of answers unsent and reads under way.
    private static final long BYTES_MAX = 8 << 20;

    private static final long FIRST_GUESS_BYTES = 512 << 10;
    private static final long LEAST_GUESS_BYTES = 512;
    private static final int FORGET_SHARE = 8; // by this part a guess that was too high falls each time

    private final Backlog backlog;
    private final Runnable sendAway;
    private final Guess points = new Guess();
    private final Guess ranges = new Guess();
    private final ArrayDeque<Entry> waiting = new ArrayDeque<>(); // bounded by the streams of the connection
    private final Runnable wake;
    private volatile long unsentBytes;
    private volatile long paidNanos = TICKER.nanos();
    private long comingBytes;
    private boolean awaitsOthers;
    private boolean closed;

    /// @param later runs a task on the connection's event loop, from any thread
    /// @param sendAway closes the connection, from any thread
    Debt(Backlog backlog, Consumer<Runnable> later, Runnable sendAway) {
        this.backlog = backlog;
        this.sendAway = sendAway;
        wake = () -> later.accept(() -> {
            awaitsOthers = false;
            admit();
            if (!awaitsOthers) backlog.give(0); // there may be room for others, too
        });
        backlog.add(this);
    }

    private static final class Guess {
        private long bytes = FIRST_GUESS_BYTES;

        void learn(long actual) {
            bytes = Math.max(LEAST_GUESS_BYTES, Math.max(actual, bytes - Math.max(1, bytes / FORGET_SHARE)));
        }
    }

    /// @param guess null for what takes `bytes` for sure
    private record Entry(Call call, @Nullable Guess guess, long bytes, Consumer<Pass> begin) {
        long need() {
            return guess == null ? bytes : guess.bytes;
        }
    }

    /// One read under way. Give it back, whatever happens.
    final class Pass {
        private final @Nullable Guess guess;
        private long bytes;

        private Pass(@Nullable Guess guess, long bytes) {
            this.guess = guess;
            this.bytes = bytes;
            comingBytes += bytes;
        }

        /// The answer is known.
        void answered(long actual) {
            if (guess != null) guess.learn(actual);
            become(actual);
        }

        private void become(long actual) {
            comingBytes += actual - bytes;
            backlog.adjust(actual - bytes);
            bytes = actual;
        }

        void giveBack() {
            comingBytes -= bytes;
            backlog.give(bytes);
            bytes = 0;
            admit();
        }
    }

    long unsentBytes() {
        return unsentBytes;
    }

    long paidNanos() {
        return paidNanos;
    }

    void sendAway() {
        sendAway.run();
    }

    /// Whether the client has to take something first.
    boolean isFull() {
        return unsentBytes >= BYTES_MAX;
    }

    /// Runs `begin` when there is room for the read of `call`.
    void enter(Call call, boolean single, Consumer<Pass> begin) {
        waiting.add(new Entry(call, single ? points : ranges, 0, begin));
        admit();
    }

    /// Runs `begin` when the client has taken enough of what it was sent.
    void enter(Call call, Runnable begin) {
        enter(call, 0, _ -> begin.run());
    }

    /// Runs `begin` when there is room for `bytes`, or when nothing else is there.
    void enter(Call call, long bytes, Consumer<Pass> begin) {
        waiting.add(new Entry(call, null, bytes, begin));
        admit();
    }

    private void admit() {
        while (!closed && !awaitsOthers) {
            @Nullable Entry next = waiting.peek();
            if (next == null) return;
            if (next.call.isOver()) {
                waiting.remove();
                continue;
            }
            long bytes = next.need();
            boolean alone = unsentBytes == 0 && comingBytes == 0;
            if (!alone && unsentBytes + comingBytes + bytes > BYTES_MAX) return;
            if (!backlog.take(bytes)) {
                awaitsOthers = true;
                backlog.await(wake);
                if (backlog.comingBytes() == 0) backlog.give(0); // the last one was given back meanwhile
                return;
            }
            waiting.remove();
            next.begin.accept(new Pass(next.guess, bytes));
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
    void owes(long bytes) {
        if (closed) return;
        if (unsentBytes == 0) paidNanos = TICKER.nanos();
        unsentBytes += bytes;
        backlog.unsent(bytes);
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
    void paid(long bytes) {
        if (closed) return;
        unsentBytes -= bytes;
        paidNanos = TICKER.nanos();
        backlog.unsent(-bytes);
        admit();
    }

    /// The connection is gone.
    void close() {
        if (closed) return;
        closed = true;
        backlog.unsent(-unsentBytes);
        unsentBytes = 0;
        waiting.clear();
        backlog.remove(this);
        backlog.forget(wake);
    }
}

package holdfast.server.truth;

import holdfast.core.base.Reason;
import holdfast.core.truth.ShelfView;
import holdfast.server.base.Driver;
import holdfast.server.base.Mailbox;
import holdfast.server.base.Ticker;
import holdfast.server.truth.raft.RaftLog;
import holdfast.server.truth.raft.RaftLog.Barrier;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Serves reads. All linearizable reads that wait share the next barrier; there is never more than one under way. Reads
/// of one key run at once on the thread that applies, where nothing moves below them; others run on reader threads
/// over a view that stands still.
final class Reads implements AutoCloseable {
    /// @param waitingMax most reads waiting for a barrier, and again for a reader; more are refused
    record Limits(int waitingMax, int readers, long timeoutNanos) {}

    /// Where a read ends: the answer with the header of the state that it saw, or why there is none.
    interface Done<T> {
        void answered(Store.Header header, T answer);

        void refused(Reason why);
    }

    private static final long DRAIN_NANOS = 1_000_000_000;

    /// Null when it finds more than memory is to hold.
    interface Query<T> {
        @Nullable
        T of(ShelfView view);
    }

    /// Goes on with the view when a query found too much.
    interface Overflow {
        /// @param release lets go of the view, whatever happens
        void go(Store.Header header, ShelfView view, Runnable release);
    }

    private record Read<T>(
            Query<T> query,
            boolean small,
            boolean linearizable,
            long deadlineNanos,
            Done<T> done,
            @Nullable Overflow overflow) {
        /// @return whether the view is still needed
        boolean run(Store.Header header, ShelfView view, Runnable release) {
            @Nullable T answer = query.of(view);
            if (answer == null && overflow != null) {
                overflow.go(header, view, release);
                return true;
            }
            Callbacks.call(found -> done.answered(header, found), Objects.requireNonNull(answer, "an answer"));
            return false;
        }

        void refuse(Reason why) {
            Callbacks.call(done::refused, why);
        }
    }

    private final Limits limits;
    private final Ticker ticker;
    private final RaftLog raft;
    private final Headers headers;
    private final Views views;
    private final StoreMetrics metrics;
    private final ArrayBlockingQueue<Read<?>> waiting;
    private final AtomicBoolean woken = new AtomicBoolean();
    private final Mailbox<Runnable> jobs;
    private final List<Driver> readers = new ArrayList<>();
    private volatile boolean stopped;

    // The raft driver's thread only.
    private List<Read<?>> gathered = new ArrayList<>(); // for the next barrier
    private boolean barrierUnderWay;

    Reads(
            Limits limits,
            Ticker ticker,
            RaftLog raft,
            Headers headers,
            Views views,
            StoreMetrics metrics,
            Runnable onBug) {
        this.limits = limits;
        this.ticker = ticker;
        this.raft = raft;
        this.headers = headers;
        this.views = views;
        this.metrics = metrics;
        waiting = new ArrayBlockingQueue<>(limits.waitingMax());
        jobs = new Mailbox<>(limits.waitingMax());
        for (int index = 0; index < limits.readers(); index++) {
            readers.add(new Driver("reader-" + index, this::readNext, onBug));
        }
    }

    /// From any thread.
    ///
    /// @param small whether it is quick enough for the thread that applies
    <T> void read(Function<ShelfView, T> query, boolean small, boolean linearizable, Done<T> done) {
        long deadlineNanos = ticker.nanos() + limits.timeoutNanos();
        enter(new Read<>(query::apply, small, linearizable, deadlineNanos, done, null));
    }

    /// A large one, from any thread.
    ///
    /// @param query null when it finds too much
    <T> void read(Query<T> query, boolean linearizable, Done<T> done, Overflow overflow) {
        enter(new Read<>(query, false, linearizable, ticker.nanos() + limits.timeoutNanos(), done, overflow));
    }

    private void enter(Read<?> read) {
        if (stopped) {
            read.refuse(Reasons.STOPPED);
        } else if (!waiting.offer(read)) {
            read.refuse(Reasons.TOO_MANY_REQUESTS);
        } else if (stopped) {
            refuseAll(waiting, Reasons.STOPPED);
        } else if (woken.compareAndSet(false, true)) {
            raft.execute(this::pump);
        }
    }

    private void pump() {
        woken.set(false);
        List<Read<?>> local = new ArrayList<>();
        for (@Nullable Read<?> next = waiting.poll(); next != null; next = waiting.poll()) {
            if (next.linearizable()) gathered.add(next);
            else local.add(next);
        }
        serve(local);
        askBarrier();
    }

    private void askBarrier() {
        if (barrierUnderWay || gathered.isEmpty() || stopped) return;
        List<Read<?>> reads = gathered;
        gathered = new ArrayList<>();
        barrierUnderWay = true;
        raft.readBarrier(barrier -> {
            barrierUnderWay = false;
            switch (barrier) {
                case Barrier.Reached _ -> {
                    serve(reads);
                    askBarrier();
                }
                case Barrier.Refused _ -> {
                    metrics.slowReadIndexes.inc();
                    reads.addAll(gathered);
                    gathered = reads; // the next tick asks again
                }
            }
        });
    }

    private void serve(List<Read<?>> reads) {
        @Nullable Shared shared = null;
        for (Read<?> read : reads) {
            if (read.small()) {
                boolean _ = read.run(headers.now(), views.newest(), () -> {});
                continue;
            }
            if (shared == null) shared = new Shared(headers.now(), views.openApart());
            shared.hold();
            Shared view = shared;
            if (!jobs.offer(() -> runOn(view, read))) {
                view.release();
                read.refuse(Reasons.TOO_MANY_REQUESTS);
            }
        }
        if (shared != null) shared.release();
    }

    private static void runOn(Shared shared, Read<?> read) {
        boolean needed = false;
        try {
            needed = read.run(shared.header, shared.view, shared::release);
        } finally {
            if (!needed) shared.release();
        }
    }

    private void readNext() throws InterruptedException {
        for (Runnable job : jobs.drain(1, DRAIN_NANOS)) job.run();
    }

    /// Asks again after a refused barrier, and refuses what ran out of time.
    void tick() {
        long now = ticker.nanos();
        if (!gathered.isEmpty()) {
            List<Read<?>> over = gathered.stream()
                    .filter(read -> now - read.deadlineNanos() >= 0)
                    .toList();
            gathered.removeAll(over);
            refuseAll(over, raft.status().leader() == null ? Reasons.NO_LEADER : Reasons.TIMED_OUT);
        }
        pump();
    }

    private static void refuseAll(Iterable<Read<?>> reads, Reason why) {
        for (Read<?> read : reads) read.refuse(why);
    }

    /// Answers what waits. On the raft driver's thread.
    void stop() {
        stopped = true;
        refuseAll(gathered, Reasons.STOPPED);
        gathered = new ArrayList<>();
        List<Read<?>> rest = new ArrayList<>();
        waiting.drainTo(rest);
        refuseAll(rest, Reasons.STOPPED);
    }

    @Override
    public void close() {
        readers.forEach(Driver::close);
    }

    /// One view for all large reads of one barrier; the last to release it closes it. A restore does not wait for it.
    private static final class Shared {
        private final Store.Header header;
        private final ShelfView view;
        private int holders = 1;

        Shared(Store.Header header, ShelfView view) {
            this.header = header;
            this.view = view;
        }

        synchronized void hold() {
            holders++;
        }

        void release() {
            synchronized (this) {
                holders--;
                if (holders > 0) return;
            }
            view.close();
        }
    }
}

package holdfast.server.truth;

import holdfast.core.truth.Applied;
import holdfast.core.truth.Event;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.WatchBoard;
import holdfast.core.truth.WatchBoard.Delivery;
import holdfast.server.base.Driver;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Delivers watch events on a thread of its own, so that an apply never waits for a watcher. Applied batches come in
/// through a bounded queue; when this thread falls behind that bound the batches are dropped, and every watcher goes on
/// from history instead.
final class WatchHub implements AutoCloseable {
    private static final int APPLIED_MAX = 8_192; // batches that wait for this thread
    private static final long APPLIED_BYTES_MAX = 16 << 20; // of their events; one larger batch may wait alone
    private static final long HEAP_BYTES_PER_WATCHER = 2_048; // a watcher takes about half of it
    private static final int WATCHERS_MAX =
            (int) Math.min(1_000_000, Runtime.getRuntime().maxMemory() / HEAP_BYTES_PER_WATCHER);
    private static final int INPUTS_PER_TURN_MAX = 1_024;

    /// Those who want the same go on from history when more than 16,384 events or 4 MiB wait for them, or more than 16
    /// MiB for all.
    private static final WatchBoard.Room ROOM = new WatchBoard.Room(16_384, 4 << 20, 16 << 20);

    private static final int CATCH_UP_EVENTS = 4_096; // about so many events of history in one step
    private static final long IDLE_NANOS = 1_000_000_000L;
    private static final long END_NANOS = 1_000_000_000L;

    private sealed interface Input {
        record Offered(Applied applied, long bytes) implements Input {}

        record Add(Watch watch, Store.WatchRequest request, long fromRevision, Store.Header header) implements Input {}

        /// Watchers said something: it is in [#said].
        record Said() implements Input {}

        record Cancel(Watch watch) implements Input {}

        record Restored(long revision) implements Input {}

        record Stop() implements Input {}
    }

    /// What a watcher says of the one delivery that it has under way.
    private record Saying(Watch watch, boolean dropped) {}

    private static final Input SAID = new Input.Said();

    private final Keyspace keyspace;
    private final Views views;
    private final Headers headers;
    private final StoreMetrics metrics;
    private final LinkedBlockingQueue<Input> inputs = new LinkedBlockingQueue<>(); // bounded by the two counts
    private final Queue<Saying> said = new ConcurrentLinkedQueue<>(); // bounded by the watchers, two each
    private final AtomicBoolean saidIsDue = new AtomicBoolean(); // it is among the inputs
    private final AtomicInteger appliedWaiting = new AtomicInteger();
    private final AtomicLong appliedBytes = new AtomicLong(); // of those that wait
    private final AtomicInteger eventsWaiting = new AtomicInteger();
    private final AtomicInteger watchers = new AtomicInteger();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Driver driver;
    private volatile boolean lossy; // batches are dropped until this thread goes back to history
    private volatile boolean stopped;
    private volatile long boardRevision;

    // The driver's thread only.
    private final WatchBoard board;
    private final Map<Long, Watch> watches = new HashMap<>();
    private final Set<Watch> behind = new LinkedHashSet<>(); // not synced and nothing under way

    WatchHub(Keyspace keyspace, Views views, Headers headers, StoreMetrics metrics, Runnable onBug) {
        this.keyspace = keyspace;
        this.views = views;
        this.headers = headers;
        this.metrics = metrics;
        boardRevision = headers.revision();
        board = new WatchBoard(boardRevision, ROOM);
        driver = new Driver("watch", this::turn, onBug);
    }

    /// One watch. Its flag and the board's revision are written in such an order that [#syncedRevision] never promises
    /// an event that was not taken: a delivery unsets the flag before the board's revision grows.
    private final class Watch implements Store.Watching {
        private final Consumer<Store.WatchAnswer> deliver;
        private final AtomicInteger closed = new AtomicInteger();
        private final Saying taken = new Saying(this, false);
        private long id; // the driver's thread only
        private volatile boolean synced;

        Watch(Consumer<Store.WatchAnswer> deliver) {
            this.deliver = deliver;
        }

        @Override
        public void taken() {
            say(taken);
        }

        @Override
        public void dropped() {
            say(new Saying(this, true));
        }

        @Override
        public long syncedRevision() {
            long revision = boardRevision;
            return synced ? revision : -1;
        }

        @Override
        public void close() {
            if (closed.compareAndSet(0, 1)) inputs.add(new Input.Cancel(this));
        }
    }

    /// Many watchers say something at a time: this thread is woken once for all of them.
    private void say(Saying saying) {
        said.add(saying);
        if (saidIsDue.compareAndSet(false, true)) inputs.add(SAID);
    }

    /// From any thread.
    Store.Watching watch(Store.WatchRequest request, Consumer<Store.WatchAnswer> deliver) {
        Watch watch = new Watch(deliver);
        if (stopped || watchers.incrementAndGet() > WATCHERS_MAX) {
            if (!stopped) watchers.decrementAndGet();
            watch.closed.set(1);
            deliver.accept(new Store.WatchAnswer.Ended(stopped ? Reasons.STOPPED : Reasons.TOO_MANY_REQUESTS));
            return watch;
        }
        Store.Header header = headers.now();
        long from = request.fromRevision() == 0 ? header.revision() + 1 : request.fromRevision();
        inputs.add(new Input.Add(watch, request, from, header));
        return watch;
    }

    /// On the thread that applies, after the headers moved on and before the proposers are answered. While nobody
    /// watches, nothing is handed over: the first who comes finds the board behind the headers.
    void applied(Applied applied) {
        if (applied.events().isEmpty() || lossy || watchers.get() == 0) return;
        long bytes = Event.bytesOf(applied.events());
        long waitingBytes = appliedBytes.addAndGet(bytes);
        boolean tooMany = appliedWaiting.incrementAndGet() > APPLIED_MAX;
        if (tooMany || (waitingBytes > APPLIED_BYTES_MAX && waitingBytes > bytes)) {
            appliedWaiting.decrementAndGet();
            appliedBytes.addAndGet(-bytes);
            lossy = true;
            metrics.watchGaps.inc();
            return;
        }
        eventsWaiting.addAndGet(applied.events().size());
        inputs.add(new Input.Offered(applied, bytes));
    }

    /// Events that were applied and are not yet with their watchers.
    int eventsWaiting() {
        return eventsWaiting.get();
    }

    /// On the thread that applies, when a snapshot replaced the state.
    void restored(long revision) {
        inputs.add(new Input.Restored(revision));
    }

    private void turn() throws InterruptedException {
        List<Input> taken = new ArrayList<>();
        boolean busy = board.hasBehind() || lossy;
        @Nullable Input first = busy ? inputs.poll() : inputs.poll(IDLE_NANOS, TimeUnit.NANOSECONDS);
        if (first != null) {
            taken.add(first);
            inputs.drainTo(taken, INPUTS_PER_TURN_MAX - 1);
        }
        for (Input input : taken) step(input);
        if (lossy && appliedWaiting.get() == 0) backToHistory();
        if (board.hasBehind() && !stopped) catchUp();
        lookAgain();
    }

    private void step(Input input) {
        switch (input) {
            case Input.Offered(Applied applied, long bytes) -> {
                appliedWaiting.decrementAndGet();
                appliedBytes.addAndGet(-bytes);
                eventsWaiting.addAndGet(-applied.events().size());
                if (applied.revision() <= board.revision()) return; // history has it
                start(board.offer(applied));
                boardRevision = applied.revision();
            }
            case Input.Add add -> add(add);
            case Input.Said _ -> hear();
            case Input.Cancel(Watch watch) -> forget(watch);
            case Input.Restored(long revision) -> restart(revision);
            case Input.Stop _ -> {
                for (Watch watch : List.copyOf(watches.values())) {
                    forget(watch);
                    Callbacks.call(watch.deliver, new Store.WatchAnswer.Ended(Reasons.STOPPED));
                }
                ended.countDown();
            }
        }
    }

    private void hear() {
        saidIsDue.set(false);
        for (int left = INPUTS_PER_TURN_MAX; left > 0; left--) {
            @Nullable Saying next = said.poll();
            if (next == null) return;
            if (next.dropped) board.dropped(next.watch.id);
            else taken(next.watch);
        }
        if (saidIsDue.compareAndSet(false, true)) inputs.add(SAID);
    }

    private void taken(Watch watch) {
        if (watch.id == 0) return;
        @Nullable Delivery next = board.taken(watch.id);
        if (next != null) start(List.of(next));
        else if (board.syncedRevision(watch.id) >= 0) watch.synced = true;
        else behind.add(watch);
    }

    private void add(Input.Add add) {
        Watch watch = add.watch();
        Store.WatchRequest request = add.request();
        if (watches.isEmpty()) restart(headers.revision());
        Callbacks.call(watch.deliver, new Store.WatchAnswer.Created(add.header()));
        watch.id = board.add(new WatchBoard.Watcher(
                request.range(), add.fromRevision(), request.wantsBefore(), request.puts(), request.deletes()));
        watches.put(watch.id, watch);
        behind.add(watch);
    }

    private void forget(Watch watch) {
        if (watch.id == 0 || watches.remove(watch.id) == null) return;
        board.cancel(watch.id);
        behind.remove(watch);
        watch.synced = false;
        watch.id = 0;
        watchers.decrementAndGet();
    }

    private void start(List<Delivery> deliveries) {
        Store.WatchAnswer.@Nullable Events answer = null; // watchers of one range get the same
        Delivery.@Nullable Events last = null;
        for (Delivery delivery : deliveries) {
            @Nullable Watch watch = watches.get(delivery.watchId());
            if (watch == null) continue;
            if (watch.synced) watch.synced = false;
            else behind.remove(watch);
            switch (delivery) {
                case Delivery.Events events -> {
                    if (answer == null || last == null || !isSame(events, last)) {
                        // The header may not promise less than its events, nor more than was delivered.
                        answer = new Store.WatchAnswer.Events(headers.at(events.revision()), events.batches());
                        last = events;
                    }
                    Callbacks.call(watch.deliver, answer);
                }
                case Delivery.Compacted compacted -> {
                    forget(watch);
                    Callbacks.call(
                            watch.deliver, new Store.WatchAnswer.Compacted(headers.now(), compacted.compactRevision()));
                }
            }
        }
    }

    @SuppressWarnings("ReferenceEquality") // those who get the same get it in one list
    private static boolean isSame(Delivery.Events one, Delivery.Events other) {
        return one.revision() == other.revision() && one.batches() == other.batches();
    }

    private void catchUp() {
        try (Views.Held held = views.open()) {
            start(board.catchUp(keyspace, held.view(), CATCH_UP_EVENTS));
        }
    }

    /// The dropped batches are all below the revision read after `lossy` is unset: what is applied later is offered.
    private void backToHistory() {
        lossy = false;
        restart(headers.revision());
    }

    private void restart(long revision) {
        for (Watch watch : watches.values()) {
            if (watch.synced) {
                watch.synced = false;
                behind.add(watch);
            }
        }
        board.restored(revision);
        boardRevision = revision;
    }

    /// Those with nothing under way may have become synced.
    private void lookAgain() {
        if (behind.isEmpty()) return;
        behind.removeIf(watch -> {
            if (board.syncedRevision(watch.id) < 0) return false;
            watch.synced = true;
            return true;
        });
    }

    int watcherCount() {
        return watchers.get();
    }

    /// Ends every watch.
    void stop() {
        stopped = true;
        inputs.add(new Input.Stop());
    }

    /// Ends the thread, once every watcher has heard of it (see [#stop]).
    @Override
    public void close() {
        try {
            boolean _ = ended.await(END_NANOS, TimeUnit.NANOSECONDS); // a broken thread tells nobody
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        driver.close();
    }
}

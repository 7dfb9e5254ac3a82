package holdfast.server.truth.etcd;

import holdfast.core.base.Bytes;
import holdfast.core.truth.Applied;
import holdfast.core.truth.Archive;
import holdfast.core.truth.AuthQuery;
import holdfast.core.truth.Batch;
import holdfast.core.truth.Caller;
import holdfast.core.truth.Command;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.Lease;
import holdfast.core.truth.LeaseBook;
import holdfast.core.truth.MemoryShelf;
import holdfast.core.truth.Refusal;
import holdfast.core.truth.Reply;
import holdfast.core.truth.ShelfView;
import holdfast.core.truth.WatchBoard;
import holdfast.server.base.Ticker;
import holdfast.server.truth.Credentials;
import holdfast.server.truth.Right;
import holdfast.server.truth.Store;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A store of one member without a log: the real rules of the keyspace over memory, on one thread.
final class MemoryStore implements Store, AutoCloseable {
    private static final long TERM = 2;
    private static final long CLUSTER_ID = 0xc1c1_c1c1_c1c1_c1c1L;
    private static final long MEMBER_ID = 0xa1a1_a1a1_a1a1_a1a1L;

    private final Ticker ticker = Ticker.system();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            task -> Thread.ofPlatform().daemon().name("memory-store").unstarted(task));
    private final Keyspace keyspace = new Keyspace();
    private final MemoryShelf shelf = new MemoryShelf();
    private final LeaseBook leases = new LeaseBook(100, TimeUnit.SECONDS.toNanos(5), TimeUnit.SECONDS.toNanos(5));
    private final WatchBoard board = new WatchBoard(1, new WatchBoard.Room(100, 1 << 20, 1 << 24));
    private final Map<Long, Consumer<WatchAnswer>> watchers = new HashMap<>();
    private Consumer<@Nullable Long> leadership = _ -> {};
    private long index;

    /// Whether users and roles are on.
    volatile boolean judging;

    final List<Credentials> shown = new CopyOnWriteArrayList<>();

    /// Whether answers to renewals gather in [#heldRenewals], for the test to give.
    volatile boolean holdsRenewals;

    final List<Runnable> heldRenewals = new CopyOnWriteArrayList<>();

    MemoryStore() {
        leases.elected(ticker.bootNanos());
        thread.scheduleAtFixedRate(this::tick, 100, 100, TimeUnit.MILLISECONDS);
    }

    private void tick() {
        for (long id : leases.tick(ticker.bootNanos(), true)) apply(new Command.LeaseExpire(id, TERM));
    }

    private void on(Runnable task) {
        try {
            ((ExecutorService) thread).execute(task);
        } catch (RejectedExecutionException _) {
            // closed
        }
    }

    private Header header(long revision) {
        return new Header(CLUSTER_ID, MEMBER_ID, TERM, revision);
    }

    private Header header() {
        try (ShelfView view = shelf.view()) {
            return header(keyspace.tip(view).revision());
        }
    }

    private Applied.Answer apply(Command command) {
        Batch batch = new Batch(ticker.wallMillis(), List.of(command));
        Applied applied = keyspace.apply(++index, TERM, batch, shelf);
        long now = ticker.bootNanos();
        leases.offer(new LeaseBook.Word(applied.index(), now, now), batch, applied);
        deliver(board.offer(applied));
        return applied.replies().getFirst();
    }

    private void deliver(List<WatchBoard.Delivery> deliveries) {
        deliveries.forEach(this::deliver);
        while (board.hasBehind()) {
            try (ShelfView view = shelf.view()) {
                List<WatchBoard.Delivery> caught = board.catchUp(keyspace, view, 1_000);
                if (caught.isEmpty()) return;
                caught.forEach(this::deliver);
            }
        }
    }

    private void deliver(WatchBoard.Delivery delivery) {
        Consumer<WatchAnswer> watcher = watchers.get(delivery.watchId());
        if (watcher == null) return;
        switch (delivery) {
            case WatchBoard.Delivery.Events events ->
                watcher.accept(new WatchAnswer.Events(header(events.revision()), events.batches()));
            case WatchBoard.Delivery.Compacted compacted -> {
                watchers.remove(compacted.watchId());
                watcher.accept(new WatchAnswer.Compacted(header(), compacted.compactRevision()));
            }
        }
    }

    /// Everybody may do everything here; who asked is kept in `shown`.
    @Override
    public Store as(Credentials who) {
        shown.add(who);
        return this;
    }

    @Override
    public boolean judges() {
        return judging;
    }

    @Override
    public void admit(Right right, Consumer<Answer> done) {
        done.accept(new Answer.Done(ask(this::header), new Reply.OfAuth.Changed()));
    }

    @Override
    public void auth(AuthQuery query, Consumer<Answer> done) {
        on(() -> {
            try (ShelfView view = shelf.view()) {
                done.accept(new Answer.Done(header(), keyspace.auth(Caller.HOUSE, query, view)));
            }
        });
    }

    @Override
    public void authenticate(String user, String password, Consumer<Answer> done) {
        done.accept(new Answer.Done(ask(this::header), new Reply.Refused(Refusal.AUTH_NOT_ENABLED)));
    }

    @Override
    public void hash(String password, Consumer<Hashing> done) {
        done.accept(new Hashing.Hashed(Bytes.utf8("a hash")));
    }

    @Override
    public void propose(Command command, Consumer<Answer> done) {
        on(() -> {
            Applied.Answer answer = apply(command);
            done.accept(new Answer.Done(header(answer.revision()), answer.reply()));
        });
    }

    @Override
    public void range(Command.Range range, boolean linearizable, Consumer<Answer> done) {
        on(() -> {
            try (ShelfView view = shelf.view()) {
                done.accept(new Answer.Done(header(), keyspace.range(range, view)));
            }
        });
    }

    @Override
    public void longRange(Command.Range range, boolean linearizable, Consumer<PageAnswer> done) {
        range(range, linearizable, answer -> done.accept(new PageAnswer.Whole(answer)));
    }

    @Override
    public void read(Command.Txn txn, boolean linearizable, Consumer<Answer> done) {
        on(() -> {
            try (ShelfView view = shelf.view()) {
                Reply reply = keyspace.read(txn, view);
                done.accept(new Answer.Done(header(), reply));
            }
        });
    }

    @Override
    public void keepAlive(long leaseId, Consumer<LeaseAnswer> done) {
        on(() -> {
            LeaseAnswer renewed = new LeaseAnswer.Renewed(header(), leases.renewed(ticker.bootNanos(), leaseId));
            if (holdsRenewals) heldRenewals.add(() -> done.accept(renewed));
            else done.accept(renewed);
        });
    }

    @Override
    public void timeToLive(long leaseId, boolean wantsKeys, Consumer<LeaseAnswer> done) {
        on(() -> {
            try (ShelfView view = shelf.view()) {
                List<Bytes> keys = wantsKeys ? keyspace.attached(leaseId, view) : List.of();
                done.accept(new LeaseAnswer.Remaining(
                        header(),
                        leases.grantedMillis(leaseId),
                        leases.remainingMillis(ticker.bootNanos(), leaseId),
                        keys));
            }
        });
    }

    @Override
    public void leases(Consumer<LeaseAnswer> done) {
        on(() -> {
            try (ShelfView view = shelf.view()) {
                done.accept(new LeaseAnswer.Listed(
                        header(), keyspace.leases(view).stream().map(Lease::id).toList()));
            }
        });
    }

    @Override
    public Watching watch(WatchRequest request, Consumer<WatchAnswer> deliver) {
        MemoryWatching watching = new MemoryWatching();
        on(() -> {
            if (watching.closed) return;
            long id = board.add(new WatchBoard.Watcher(
                    request.range(), request.fromRevision(), request.wantsBefore(), request.puts(), request.deletes()));
            watching.id = id;
            watchers.put(id, deliver);
            deliver.accept(new WatchAnswer.Created(header()));
            deliver(List.of());
        });
        return watching;
    }

    private final class MemoryWatching implements Watching {
        private volatile long id;
        private volatile boolean closed;

        @Override
        public void taken() {
            on(() -> {
                WatchBoard.Delivery next = board.taken(id);
                deliver(next == null ? List.of() : List.of(next));
            });
        }

        @Override
        public void dropped() {
            on(() -> board.dropped(id));
        }

        @Override
        public long syncedRevision() {
            return id == 0 ? -1 : ask(() -> board.syncedRevision(id));
        }

        @Override
        public void close() {
            closed = true;
            on(() -> {
                board.cancel(id);
                watchers.remove(id);
            });
        }
    }

    private <T> T ask(java.util.concurrent.Callable<T> question) {
        try {
            return thread.submit(question).get();
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    @Override
    public Status status() {
        return new Status(
                ask(this::header), MEMBER_ID, index, index, false, 1 << 20, 1 << 19, 1L << 31, List.of(), List.of());
    }

    @Override
    public void members(boolean linearizable, Consumer<MembersAnswer> done) {
        on(() -> done.accept(new MembersAnswer.Listed(
                header(),
                List.of(new Member(
                        MEMBER_ID, "m0", List.of("http://127.0.0.1:1"), List.of("http://127.0.0.1:2"), false)))));
    }

    /// Those of a real store are tried with real servers.
    @Override
    public holdfast.server.truth.Operations operations() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void copy(Consumer<CopyAnswer> done) {
        on(() -> {
            ShelfView view = shelf.view();
            Archive archive = new Archive(view);
            Iterator<Bytes> pieces = List.of(archive.head().encode(), archive.next(4 << 20), Bytes.EMPTY)
                    .iterator();
            done.accept(new CopyAnswer.Ready(new StateCopy() {
                @Override
                public long bytes() {
                    return Archive.HEAD_BYTES + archive.head().rowBytes();
                }

                @Override
                public void next(Consumer<@Nullable Bytes> piece) {
                    on(() -> piece.accept(pieces.next()));
                }

                @Override
                public void close() {
                    view.close();
                }
            }));
        });
    }

    @Override
    public void onLeadership(Consumer<@Nullable Long> changed) {
        leadership = changed;
        changed.accept(MEMBER_ID);
    }

    int watcherCount() {
        return ask(watchers::size);
    }

    /// Loses or gains the leader.
    void leader(@Nullable Long id) {
        leadership.accept(id);
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}

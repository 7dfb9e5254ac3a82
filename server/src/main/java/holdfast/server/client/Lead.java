package holdfast.server.client;

import holdfast.core.base.Bytes;
import holdfast.core.base.Fence;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Reason;
import holdfast.server.base.Threads;
import java.time.Duration;
import java.util.Comparator;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Stands in an election under a prefix until closed, as etcd's own `v3election` does: one key for each
/// candidate, the oldest wins. The winner's fence is the create revision of its key, so that a later winner's
/// is larger. A loss is told at the moment when the lease is no longer sure or the key is gone, and the
/// candidate stands again.
public final class Lead implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Lead.class);
    private static final int EVENTS_MAX = 64;
    private static final long RETRY_NANOS = 200_000_000;
    private static final long LOOK_NANOS = 1_000_000_000;
    private static final long VACANT_NANOS = 3_000_000_000L;
    private static final long FAREWELL_NANOS = 300_000_000;

    /// Delivered one at a time, in order; elected and deposed in turn.
    public sealed interface News {
        /// `key` lives since revision `fence` and guards every write of this term.
        record Elected(Fence fence, Bytes key) implements News {}

        record Deposed(Reason why) implements News {}
    }

    private final Etcd etcd;
    private final String name;
    private final String prefix;
    private final Bytes value;
    private final Duration ttl;
    private final Consumer<News> tell;
    private final BooleanSupplier givesWay;
    private final Thread thread;
    private final BlockingQueue<Object> wakes = new ArrayBlockingQueue<>(EVENTS_MAX);
    private @Nullable Reason lost; // under `this`
    private boolean elected; // under `this`
    private volatile boolean closed;

    private Lead(
            Etcd etcd,
            String name,
            String prefix,
            Bytes value,
            Duration ttl,
            BooleanSupplier givesWay,
            Consumer<News> tell) {
        this.etcd = etcd;
        this.name = name;
        this.prefix = prefix;
        this.value = value;
        this.ttl = ttl;
        this.tell = tell;
        this.givesWay = givesWay;
        this.thread = Threads.start(name + " election", this::run);
    }

    /// @param prefix ends with `/`
    /// @param value what the winner's key holds
    public static Lead stand(Etcd etcd, String name, String prefix, Bytes value, Duration ttl, Consumer<News> tell) {
        return new Lead(etcd, name, prefix, value, ttl, () -> false, tell);
    }

    /// The same for a candidate that leaves the office to others while `givesWay` is true: it stands only when
    /// nobody has stood for 3 s, and resigns with `gave-way` when another one stands.
    public static Lead stand(
            Etcd etcd,
            String name,
            String prefix,
            Bytes value,
            Duration ttl,
            BooleanSupplier givesWay,
            Consumer<News> tell) {
        return new Lead(etcd, name, prefix, value, ttl, givesWay, tell);
    }

    /// Gives up the present term, if any: it is told as deposed, and the candidate stands again at the end of the
    /// queue.
    public void stepDown(Reason why) {
        lose(why);
    }

    private void run() {
        while (!closed) {
            try {
                standOnce();
                if (!closed) TimeUnit.NANOSECONDS.sleep(RETRY_NANOS);
            } catch (InterruptedException _) {
                // closed, or woken: the loop's condition says which
            }
        }
    }

    /// Waits while it gives way and somebody else stands, or may be about to.
    private void giveWay() throws InterruptedException {
        long vacantSince = etcd.ticker().nanos();
        while (!closed && givesWay.getAsBoolean() && etcd.ticker().nanos() - vacantSince < VACANT_NANOS) {
            boolean vacant =
                    etcd.range(KeyRange.prefix(Bytes.utf8(prefix)), 0) instanceof Answer.Done<Snapshot>(var all)
                            && all.pairs().isEmpty();
            if (!vacant) vacantSince = etcd.ticker().nanos();
            TimeUnit.NANOSECONDS.sleep(RETRY_NANOS);
        }
    }

    private void standOnce() throws InterruptedException {
        giveWay();
        if (closed) return;
        begin();
        switch (Lease.grant(etcd, name, ttl, this::leaseNews)) {
            case Answer.Done<Lease>(Lease lease) -> {
                try {
                    campaign(lease);
                } finally {
                    lease.close();
                    Threads.start(name + " resign", () -> etcd.revoke(lease.id()));
                }
            }
            case Answer.Refused<Lease>(Reason why) -> LOG.debug("{} cannot stand for election: {}", name, why);
            case Answer.Unknown<Lease>(Reason why) -> LOG.debug("{} cannot stand for election: {}", name, why);
        }
    }

    private void leaseNews(Lease.News news) {
        switch (news) {
            case Lease.News.Unsure(Reason why) -> lose(why);
            case Lease.News.Gone(Reason why) -> lose(why);
            case Lease.News.SureAgain() -> {} // this term was given up already
        }
    }

    private synchronized void begin() {
        lost = null;
        wakes.clear();
    }

    private synchronized void win(Fence fence, Bytes key) {
        if (lost != null) return;
        elected = true;
        tell.accept(new News.Elected(fence, key));
    }

    /// Tells at once, whatever the election's own thread is waiting for.
    private synchronized void lose(Reason why) {
        if (lost == null) lost = why;
        if (elected) tell.accept(new News.Deposed(lost));
        elected = false;
        wake();
    }

    private synchronized boolean standing() {
        return !closed && lost == null;
    }

    private void wake() {
        wakes.offer(true); // when full there is a wake already
    }

    private void campaign(Lease lease) throws InterruptedException {
        Bytes key = Bytes.utf8(prefix + Long.toHexString(lease.id()));
        if (!(etcd.commit(new Txn().ifAbsent(key).put(key, value, lease.id())) instanceof Answer.Done<?>)) return;
        KeyRange all = KeyRange.prefix(Bytes.utf8(prefix));
        if (!(etcd.range(all, 0) instanceof Answer.Done<Snapshot>(Snapshot first))) return;
        boolean won = false;
        try (Watch _ = Watch.open(etcd, name + " election", all, first.revision() + 1, _ -> wake())) {
            Snapshot seen = first;
            while (standing()) {
                Pair mine = seen.pairs().stream()
                        .filter(pair -> pair.key().equals(key))
                        .findFirst()
                        .orElse(null);
                if (mine == null) {
                    lose(new Reason("leader-key-gone", "The key %s of %s is gone.".formatted(key, name)));
                    return;
                }
                if (seen.pairs().size() > 1 && givesWay.getAsBoolean()) {
                    lose(new Reason("gave-way", name + " gave way to a candidate beside the store's leader."));
                    TimeUnit.NANOSECONDS.sleep(FAREWELL_NANOS); // in which a last word can still be written
                    return;
                }
                if (!won && wins(mine, seen) && lease.sure()) {
                    won = true;
                    win(new Fence(mine.createRevision()), key);
                }
                wakes.poll(LOOK_NANOS, TimeUnit.NANOSECONDS);
                if (standing() && etcd.range(all, 0) instanceof Answer.Done<Snapshot>(Snapshot next)) seen = next;
            }
        } finally {
            lose(new Reason("resigned", name + " resigned."));
        }
    }

    private static boolean wins(Pair mine, Snapshot seen) {
        return seen.pairs().stream()
                .min(Comparator.comparingLong(Pair::createRevision))
                .filter(oldest -> oldest.key().equals(mine.key()))
                .isPresent();
    }

    /// Resigns: the lease is revoked, so that the next candidate need not wait for its end.
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        wake();
    }
}

package holdfast.server.client;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.base.Require;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// A lease that is renewed on a virtual thread until closed. It is *sure* while the store cannot have ended it
/// yet: counted from the moment before the last renewal was sent, on a clock that goes on while the machine
/// sleeps, less a margin. Renewal goes on after that, since a store without a leader ends no leases.
public final class Lease implements AutoCloseable {
    /// What happened to the lease. Delivered one at a time, in order, on the lease's thread.
    public sealed interface News {
        /// From now on the store may have ended it: whoever holds something by it lets go.
        record Unsure(Reason why) implements News {}

        /// A late renewal succeeded: it never ended.
        record SureAgain() implements News {}

        /// It is over. Last news.
        record Gone(Reason why) implements News {}
    }

    private static final int RENEWALS_PER_TTL = 4;
    private static final int MARGIN_SHARE = 8;
    private static final long LOOK_NANOS = 25_000_000;

    private final Etcd etcd;
    private final Ticker ticker;
    private final String name;
    private final long id;
    private final long ttlNanos;
    private final Consumer<News> tell;
    private final Thread thread;
    private volatile long sureUntilBootNanos;
    private volatile boolean closed;
    private volatile boolean gone;
    private boolean toldUnsure; // of the lease's threads, under `this`

    private Lease(Etcd etcd, String name, Etcd.Granted granted, long sentBootNanos, Consumer<News> tell) {
        this.etcd = etcd;
        this.ticker = etcd.ticker();
        this.name = name;
        this.id = granted.id();
        this.ttlNanos = TimeUnit.SECONDS.toNanos(granted.ttlSeconds());
        this.tell = tell;
        this.sureUntilBootNanos = sureUntil(sentBootNanos, ttlNanos);
        this.thread = Threads.start(name + " lease", this::renewals);
        Threads.start(name + " lease watch", this::lookouts);
    }

    /// Takes a new lease.
    ///
    /// @param ttl 1 s to 1 h, in whole seconds (more is rounded up); the store may raise it
    public static Answer<Lease> grant(Etcd etcd, String name, Duration ttl, Consumer<News> tell) {
        Require.between("lease ttl", ttl, Duration.ofSeconds(1), Duration.ofHours(1));
        long sentBootNanos = etcd.ticker().bootNanos();
        return etcd.grant((ttl.toMillis() + 999) / 1_000)
                .map(granted -> new Lease(etcd, name, granted, sentBootNanos, tell));
    }

    /// Goes on with a lease that an earlier process held. Refused with `lease-gone` when it is over.
    public static Answer<Lease> resume(Etcd etcd, String name, long id, Consumer<News> tell) {
        long sentBootNanos = etcd.ticker().bootNanos();
        return etcd.renew(id, etcd.config().callLimit().toNanos()).then(ttlSeconds -> {
            if (ttlSeconds <= 0) {
                return new Answer.Refused<>(
                        new Reason("lease-gone", "Lease %s is over.".formatted(Long.toHexString(id))));
            }
            return new Answer.Done<>(new Lease(etcd, name, new Etcd.Granted(id, ttlSeconds), sentBootNanos, tell));
        });
    }

    private static long sureUntil(long sentBootNanos, long ttlNanos) {
        return sentBootNanos + ttlNanos - ttlNanos / MARGIN_SHARE;
    }

    public long id() {
        return id;
    }

    public Duration ttl() {
        return Duration.ofNanos(ttlNanos);
    }

    /// Until when, on [Ticker#bootNanos], the store cannot have ended it.
    public long sureUntilBootNanos() {
        return sureUntilBootNanos;
    }

    /// Whether the store cannot have ended it yet. Ask right before acting on it.
    public boolean sure() {
        return !gone && !closed && ticker.bootNanos() < sureUntilBootNanos;
    }

    /// Whether the store said that it is over.
    public boolean gone() {
        return gone;
    }

    private void renewals() {
        while (!closed && !gone) {
            try {
                TimeUnit.NANOSECONDS.sleep(ttlNanos / RENEWALS_PER_TTL);
            } catch (InterruptedException _) {
                return;
            }
            if (closed) return;
            renewOnce();
        }
    }

    private void renewOnce() {
        long sentBootNanos = ticker.bootNanos();
        switch (etcd.renew(id, ttlNanos / RENEWALS_PER_TTL)) {
            case Answer.Done<Long>(Long ttlSeconds) -> {
                if (ttlSeconds <= 0) over();
                else renewed(sentBootNanos, TimeUnit.SECONDS.toNanos(ttlSeconds));
            }
            case Answer.Refused<Long> _, Answer.Unknown<Long> _ -> {} // the lookout says when that becomes a loss
        }
    }

    private synchronized void renewed(long sentBootNanos, long leftNanos) {
        long until = sureUntil(sentBootNanos, leftNanos);
        if (until <= ticker.bootNanos() || closed) return; // the answer was under way for too long
        sureUntilBootNanos = until;
        if (!toldUnsure) return;
        toldUnsure = false;
        tell.accept(new News.SureAgain());
    }

    private synchronized void over() {
        if (closed || gone) return;
        gone = true;
        tell.accept(new News.Gone(new Reason(
                "lease-gone", "Lease %s of %s is over in the store.".formatted(Long.toHexString(id), name))));
    }

    /// Tells of doubt in time even while a renewal is waiting for its answer.
    private void lookouts() {
        while (!closed && !gone) {
            long leftNanos = sureUntilBootNanos - ticker.bootNanos();
            if (leftNanos <= 0) doubt(-leftNanos);
            try {
                TimeUnit.NANOSECONDS.sleep(Math.max(LOOK_NANOS, Math.min(leftNanos, ttlNanos / MARGIN_SHARE)));
            } catch (InterruptedException _) {
                return;
            }
        }
    }

    private synchronized void doubt(long lateNanos) {
        if (toldUnsure || closed || gone || ticker.bootNanos() < sureUntilBootNanos) return;
        toldUnsure = true;
        tell.accept(new News.Unsure(new Reason(
                "lease-unsure",
                "Lease %s of %s (%d ms) was not renewed in time; it is %d ms past the moment of doubt."
                        .formatted(Long.toHexString(id), name, ttlNanos / 1_000_000, lateNanos / 1_000_000))));
    }

    /// Ends it in the store with its keys. Done as well when it was over.
    public Outcome revoke() {
        close();
        return etcd.revoke(id);
    }

    /// Stops renewing and telling; the store ends it after its TTL.
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}

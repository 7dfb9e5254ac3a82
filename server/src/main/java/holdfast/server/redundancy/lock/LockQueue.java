package holdfast.server.redundancy.lock;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Reason;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Lease;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Txn;
import holdfast.server.client.Watch;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Stands in the queue of a lock until it is ours, the wait is over or [#stop] is called. Fair: by create
/// revision. Each watches only the one before, so that a release wakes one and not all. A place that was lost
/// with its lease (the store was away for longer than the TTL) is taken again at the end of the queue.
public final class LockQueue {
    private static final long LOOK_NANOS = 5_000_000_000L; // should a watch have missed something
    private static final long RETRY_NANOS = 200_000_000;

    private final Etcd etcd;
    private final Ticker ticker;
    private final LockName name;
    private final Duration ttl;
    private final Owner owner;
    private final BlockingQueue<Object> wakes = new ArrayBlockingQueue<>(1);
    private volatile boolean stopped;

    public LockQueue(Etcd etcd, Ticker ticker, LockName name, Duration ttl, Owner owner) {
        this.etcd = etcd;
        this.ticker = ticker;
        this.name = name;
        this.ttl = ttl;
        this.owner = owner;
    }

    /// Gives up the place. Any thread.
    public void stop() {
        stopped = true;
        wake();
    }

    private void wake() {
        wakes.offer(true); // when full there is a wake already
    }

    /// @param waitNanos longest wait, 0 for none, [Long#MAX_VALUE] for as long as it takes
    public Taken take(long waitNanos) throws InterruptedException {
        long deadlineNanos = waitNanos == Long.MAX_VALUE ? Long.MAX_VALUE : ticker.bootNanos() + waitNanos;
        if (waitNanos == 0 && etcd.count(name.queue()) instanceof Answer.Done<Etcd.Counted>(var counted)) {
            if (counted.keys() > 0) return busy();
        }
        for (boolean first = true; ; first = false) {
            Answer<Lease> granted = Lease.grant(etcd, "lock " + name, ttl, this::hear);
            if (granted instanceof Answer.Done<Lease>(Lease lease)) {
                Taken taken = stand(lease, deadlineNanos);
                if (!(taken instanceof Taken.Held)) lease.revoke(); // else its TTL ends it
                if (taken != null) return taken;
            } else if (first) {
                return new Taken.Failed(why(granted));
            }
            if (stopped) return new Taken.Stopped();
            if (ticker.bootNanos() >= deadlineNanos) return busy();
            TimeUnit.NANOSECONDS.sleep(RETRY_NANOS);
        }
    }

    private void hear(Lease.News news) {
        switch (news) {
            case Lease.News.Gone _ -> wake();
            case Lease.News.Unsure _, Lease.News.SureAgain _ -> {} // a place in the queue may be doubtful
        }
    }

    private static Reason why(Answer<?> answer) {
        return switch (answer) {
            case Answer.Done<?> _ -> new Reason("done", "It was done.");
            case Answer.Refused<?>(Reason why) -> why;
            case Answer.Unknown<?>(Reason why) -> why;
        };
    }

    private Taken busy() {
        return new Taken.Busy(new Reason("lock-busy", "The lock %s is held by others.".formatted(name)));
    }

    /// Null when the place was lost, or may be: it is taken anew.
    private @Nullable Taken stand(Lease lease, long deadlineNanos) throws InterruptedException {
        Bytes key = name.key(lease.id());
        Answer<Etcd.Committed> put = etcd.commit(new Txn().ifAbsent(key).put(key, owner.write(), lease.id()));
        if (put instanceof Answer.Refused<Etcd.Committed>(Reason why)
                && !why.code().startsWith("store-")) {
            return new Taken.Failed(why);
        }
        if (!(put instanceof Answer.Done<Etcd.Committed>(Etcd.Committed done)) || !done.succeeded()) return null;
        while (!lease.gone()) {
            if (stopped) return new Taken.Stopped();
            boolean late = ticker.bootNanos() >= deadlineNanos;
            switch (etcd.youngest(name.queue(), done.revision() - 1)) {
                case Answer.Done<Snapshot>(Snapshot before) -> {
                    if (before.pairs().isEmpty()) return win(lease, key, done.revision());
                    if (late) return busy();
                    await(before, deadlineNanos);
                }
                case Answer.Refused<Snapshot> _, Answer.Unknown<Snapshot> _ -> {
                    if (late) return busy();
                    TimeUnit.NANOSECONDS.sleep(RETRY_NANOS);
                }
            }
        }
        return null;
    }

    /// Waits until the one before is gone, or it is time to look again.
    private void await(Snapshot before, long deadlineNanos) throws InterruptedException {
        KeyRange one = KeyRange.single(before.pairs().getFirst().key());
        try (Watch _ = Watch.open(etcd, "lock " + name, one, before.revision() + 1, this::hear)) {
            long leftNanos = deadlineNanos - ticker.bootNanos();
            wakes.poll(Math.min(LOOK_NANOS, leftNanos), TimeUnit.NANOSECONDS);
        }
    }

    private void hear(Watch.News news) {
        switch (news) {
            case Watch.News.Changed changed -> {
                if (changed.changes().stream().anyMatch(Watch.Change.Deleted.class::isInstance)) wake();
            }
            case Watch.News.Compacted _ -> wake();
        }
    }

    /// Nobody is before us: from here on the lease is counted from a renewal whose sending we saw, and the key is
    /// looked at once more after that.
    private @Nullable Taken win(Lease lease, Bytes key, long fence) {
        lease.close();
        long sentBootNanos = ticker.bootNanos();
        if (!(etcd.renew(lease.id()) instanceof Answer.Done<Long>(Long seconds)) || seconds <= 0) return null;
        if (!(etcd.get(key) instanceof Answer.Done<Snapshot>(Snapshot mine))
                || mine.pairs().isEmpty()) return null;
        if (mine.pairs().getFirst().createRevision() != fence) return null;
        return new Taken.Held(
                key, lease.id(), fence, mine.revision(), sentBootNanos, TimeUnit.SECONDS.toNanos(seconds));
    }
}

package holdfast.server.redundancy.lock;

import holdfast.core.base.KeyRange;
import holdfast.core.base.Reason;
import holdfast.core.redundancy.lock.Hold;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Txn;
import holdfast.server.client.Watch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// What ties us to a lock that is ours: renews its lease when [Hold] wants it, watches its key, lets it go.
public final class Tether implements AutoCloseable {
    private final Etcd etcd;
    private final Ticker ticker;
    private final Taken.Held held;
    private final Consumer<Hold.Input> tell;
    private final Watch watch;

    private Tether(Etcd etcd, Ticker ticker, Taken.Held held, Consumer<Hold.Input> tell) {
        this.etcd = etcd;
        this.ticker = ticker;
        this.held = held;
        this.tell = tell;
        this.watch = Watch.open(etcd, "lock key", KeyRange.single(held.key()), held.revision() + 1, this::hear);
    }

    /// @param tell what [Hold] must know, on other threads than the caller's; should not wait
    public static Tether open(Etcd etcd, Ticker ticker, Taken.Held held, Consumer<Hold.Input> tell) {
        return new Tether(etcd, ticker, held, tell);
    }

    /// Says in the store, for people, who holds it. Does not wait.
    public void note(Owner owner) {
        Threads.start(
                "holder's note",
                () -> etcd.commit(new Txn()
                        .ifCreateRevision(held.key(), held.fence())
                        .put(held.key(), owner.write(), held.lease())));
    }

    private void hear(Watch.News news) {
        if (news instanceof Watch.News.Changed changed
                && changed.changes().stream().anyMatch(Watch.Change.Deleted.class::isInstance)) {
            tell.accept(new Hold.Input.Gone(new Reason("key-gone", "The lock's key was deleted in the store.")));
        }
    }

    /// Renews once, and tells how that ended. Does not wait.
    public void renew(long limitNanos) {
        Threads.start("renewal", () -> tell.accept(renewed(limitNanos)));
    }

    private Hold.Input renewed(long limitNanos) {
        long sentBootNanos = ticker.bootNanos();
        return switch (etcd.renew(held.lease(), limitNanos)) {
            case Answer.Done<Long>(Long seconds)
            when seconds <= 0 -> new Hold.Input.Gone(new Reason("lease-gone", "The lease is over in the store."));
            case Answer.Done<Long>(Long seconds) ->
                new Hold.Input.Renewed(sentBootNanos, TimeUnit.SECONDS.toNanos(seconds));
            case Answer.Refused<Long>(Reason why) when why.code().equals("not-found") -> new Hold.Input.Gone(why);
            case Answer.Refused<Long>(Reason why) -> new Hold.Input.NotRenewed(why);
            case Answer.Unknown<Long>(Reason why) -> new Hold.Input.NotRenewed(why);
        };
    }

    /// Lets the lock go: nothing that it protects may live any more. Waits for the store.
    @Override
    public void close() {
        watch.close();
        etcd.revoke(held.lease());
    }
}

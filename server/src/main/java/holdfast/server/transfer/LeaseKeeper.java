package holdfast.server.transfer;

import holdfast.core.base.Reason;
import holdfast.server.base.Threads;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/// Gives the target the leases that keys hang on, with the source's ids and what they have left there, and renews them
/// until everything is checked: a long transfer must not end them.
final class LeaseKeeper implements AutoCloseable {
    private static final long ROUND_MILLIS = 1_000;
    private static final String TAKEN = "failed-precondition";

    private final Etcd source;
    private final Etcd target;
    private final boolean mayBeThere;
    private final Map<Long, Boolean> living = new ConcurrentHashMap<>();
    private final Thread renewing;
    private volatile boolean closed;

    /// @param mayBeThere whether the target may already have a lease of that id
    LeaseKeeper(Etcd source, Etcd target, boolean mayBeThere) {
        this.source = source;
        this.target = target;
        this.mayBeThere = mayBeThere;
        renewing = Threads.start("lease keeper", this::renew);
    }

    /// Makes sure that the target has it.
    ///
    /// @return whether there is such a lease; false when it ended in the source
    Answer<Boolean> bring(long id) {
        Boolean known = living.get(id);
        if (known != null) return new Answer.Done<>(known);
        return source.secondsLeft(id).then(left -> {
            if (left < 0) {
                living.put(id, false);
                return new Answer.Done<>(false);
            }
            return granted(id, Math.max(1, left));
        });
    }

    private Answer<Boolean> granted(long id, long seconds) {
        return switch (target.grant(id, seconds)) {
            case Answer.Done<Etcd.Granted> _ -> kept(id);
            case Answer.Refused<Etcd.Granted>(Reason why)
            when mayBeThere && why.code().equals(TAKEN) -> kept(id);
            case Answer.Refused<Etcd.Granted>(Reason why) -> new Answer.Refused<>(why);
            case Answer.Unknown<Etcd.Granted> _ -> // it is there now, or can be taken again
                target.renew(id)
                        .then(left ->
                                left > 0 ? kept(id) : target.grant(id, seconds).then(_ -> kept(id)));
        };
    }

    private Answer<Boolean> kept(long id) {
        living.put(id, true);
        return new Answer.Done<>(true);
    }

    long count() {
        return living.values().stream().filter(lives -> lives).count();
    }

    private void renew() {
        while (!closed) {
            try {
                TimeUnit.MILLISECONDS.sleep(ROUND_MILLIS);
            } catch (InterruptedException _) {
                return;
            }
            living.forEach((id, lives) -> {
                if (lives && !closed) target.renew(id); // a lost renewal is made up by the next
            });
        }
    }

    @Override
    public void close() {
        closed = true;
        renewing.interrupt();
    }
}

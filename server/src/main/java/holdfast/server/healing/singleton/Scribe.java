package holdfast.server.healing.singleton;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.Incident;
import holdfast.server.base.Mailbox;
import holdfast.server.base.Threads;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Txn;
import holdfast.server.ledger.Keys;
import holdfast.server.ledger.LedgerJson;
import holdfast.server.redundancy.lock.Taken;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes down who is active, one thing after the other on a thread of its own: acting waits for nothing of it. What it
/// writes is guarded by the holder's key.
final class Scribe implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Scribe.class);
    private static final int TASKS_MAX = 64;
    private static final int TASKS_PER_TURN = 8;
    private static final int TRIES_MAX = 5;
    private static final long TRY_AGAIN_MILLIS = 200;
    private static final long IDLE_NANOS = 60_000_000_000L;

    private final String service;
    private final NodeId me;
    private final List<NodeId> hosts;
    private final Etcd etcd;
    private final SingletonKeys keys;
    private final Mailbox<Runnable> tasks = new Mailbox<>(TASKS_MAX);
    private final Thread thread;
    private @Nullable Tenure former; // of the scribe's thread, as all below
    private @Nullable Tenure present;

    Scribe(String service, NodeId me, List<NodeId> hosts, Etcd etcd) {
        this.service = service;
        this.me = me;
        this.hosts = hosts;
        this.etcd = etcd;
        this.keys = new SingletonKeys(service);
        this.thread = Threads.start(service + " scribe", this::run);
    }

    private void run() {
        try {
            while (true) tasks.drain(TASKS_PER_TURN, IDLE_NANOS).forEach(Runnable::run);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Runs something after all that was said before. When it has too much to do, that is left out, and said.
    void then(Runnable task) {
        if (!tasks.offer(task)) LOG.warn("{}: what happens is not written down: the store is too slow.", service);
    }

    /// We hold the key.
    void began(Taken.Held held, long atMillis) {
        then(() -> {
            former = null;
            present = null;
            for (int tries = 0; tries < TRIES_MAX; tries++) {
                if (!(etcd.get(keys.tenure()) instanceof Answer.Done<Snapshot>(Snapshot found))) {
                    pause();
                    continue;
                }
                former = found.first()
                        .flatMap(pair -> LedgerJson.read(pair.value(), Tenure.class))
                        .orElse(null);
                long number = former == null ? 1 : former.number() + 1;
                Tenure begun = new Tenure(number, me.name(), held.fence(), atMillis, 0, null, false);
                present = begun;
                write(new Txn().put(keys.tenure(), LedgerJson.write(begun)), held);
                return;
            }
        });
    }

    /// We were seen to be well.
    void confirmed(Taken.Held held, long atMillis) {
        then(() -> {
            if (present == null) return;
            Tenure confirmed = present.confirmed(atMillis);
            present = confirmed;
            Txn txn = new Txn().put(keys.tenure(), LedgerJson.write(confirmed));
            Tenure before = former;
            if (before != null && TakeoverReport.isDue(before)) {
                Incident incident = new TakeoverReport(service, hosts, before, confirmed).incident();
                txn.put(Keys.incident(incident.id()), LedgerJson.write(incident));
            }
            write(txn, held);
        });
    }

    /// We let go.
    void left(Taken.Held held, Reason why, boolean trouble) {
        then(() -> {
            if (present == null) return;
            Txn txn = new Txn()
                    .put(keys.tenure(), LedgerJson.write(present.ended(why, trouble)))
                    .delete(keys.request());
            etcd.write(txn.ifCreateRevision(held.key(), held.fence()), "the key is not ours any more");
        });
    }

    private void write(Txn txn, Taken.Held held) {
        txn.ifCreateRevision(held.key(), held.fence());
        for (int tries = 0; tries < TRIES_MAX; tries++) {
            Outcome outcome = etcd.write(txn, "the key is not ours any more");
            if (outcome instanceof Outcome.Done
                    || (outcome instanceof Outcome.Refused(Reason why)
                            && why.code().equals("condition"))) return;
            pause(); // the same values again do no harm
        }
        LOG.warn("{}: the store did not take who is active.", service);
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(TRY_AGAIN_MILLIS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}

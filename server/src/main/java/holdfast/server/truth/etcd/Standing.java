package holdfast.server.truth.etcd;

import holdfast.server.truth.Store;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// What this member knows of its own standing: whether there is a leader, and whether it is a learner. Ends the
/// calls that asked for a leader (`hasleader: true`) when there has been none for too long. From any thread.
final class Standing implements AutoCloseable {
    private static final long LOOK_EVERY_MILLIS = 1_000;

    private final Vertx vertx;
    private final Store store;
    private final long leaderlessLimitMillis;
    private final Set<Call> wantLeader = ConcurrentHashMap.newKeySet();
    private final long lookTimer;
    private volatile boolean hasLeader;
    private volatile boolean learner;
    private volatile long leaderlessSpell; // counts the times that the leader was lost or came back

    Standing(Vertx vertx, Store store, EtcdConfig config) {
        this.vertx = vertx;
        this.store = store;
        this.leaderlessLimitMillis = config.leaderlessLimit().toMillis();
        this.learner = store.status().learner();
        lookTimer = vertx.setPeriodic(
                LOOK_EVERY_MILLIS, _ -> learner = store.status().learner());
        store.onLeadership(this::changed);
    }

    boolean hasLeader() {
        return hasLeader;
    }

    boolean isLearner() {
        return learner;
    }

    /// The alarms that are raised, `NOSPACE` or `CORRUPT`, each once.
    List<String> alarms() {
        return store.status().alarms().stream()
                .map(alarm -> switch (alarm.kind()) {
                    case NO_SPACE -> "NOSPACE";
                    case CORRUPT -> "CORRUPT";
                })
                .distinct()
                .toList();
    }

    /// Answers with `handler`, but not while this member is a learner.
    Rpc unlessLearner(Rpc.Unary handler) {
        return call -> {
            if (learner) call.fail(EtcdError.NOT_FOR_LEARNER);
            else Rpc.unary(handler).begin(call);
        };
    }

    /// Ends `call` when the leader stays lost.
    void requireLeader(Call call) {
        wantLeader.add(call);
        call.whenOver(() -> wantLeader.remove(call));
    }

    private synchronized void changed(@Nullable Long leader) {
        learner = store.status().learner(); // a vote that was given shows here, too
        boolean has = leader != null && leader != 0;
        if (has == hasLeader && leaderlessSpell > 0) return;
        hasLeader = has;
        long spell = ++leaderlessSpell;
        if (!has) vertx.setTimer(leaderlessLimitMillis, _ -> endIfStill(spell));
    }

    private void endIfStill(long spell) {
        if (spell != leaderlessSpell) return;
        wantLeader.forEach(call -> call.later(() -> call.fail(EtcdError.NO_LEADER)));
    }

    @Override
    public void close() {
        vertx.cancelTimer(lookTimer);
    }
}

package holdfast.server.truth;

import holdfast.core.truth.Alarm;
import holdfast.core.truth.Command;
import holdfast.core.truth.Cost;
import holdfast.core.truth.Stock;
import holdfast.server.truth.raft.RaftLog;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/// Keeps the store within its quota. What would pass it is refused before it is proposed, and the alarm that
/// every member obeys goes through the log; when a compaction has made room, the leader takes the alarm away
/// again.
///
/// The number that it looks at is this member's own [Stock]: members that scrub at another pace differ a little,
/// the alarm does not.
final class Quota {
    private static final int ROOM_PERCENT = 90; // below this share of the quota the alarm goes

    private final long limitBytes;
    private final long selfId;
    private final RaftLog raft;
    private final Proposals proposals;
    private final AtomicBoolean asking = new AtomicBoolean();
    private volatile Stock stock;

    Quota(long limitBytes, long selfId, RaftLog raft, Proposals proposals, Stock stock) {
        this.limitBytes = limitBytes;
        this.selfId = selfId;
        this.raft = raft;
        this.proposals = proposals;
        this.stock = stock;
    }

    /// Something was applied or scrubbed. On the raft driver's thread.
    void now(Stock newStock) {
        stock = newStock;
    }

    Stock stock() {
        return stock;
    }

    long limitBytes() {
        return limitBytes;
    }

    /// Whether `command` may be proposed, from any thread. If not, `done` hears so once the alarm stands.
    boolean admits(Command command, Consumer<Store.Answer> done) {
        long cost = limitBytes < 0 ? 0 : Cost.of(command);
        if (cost == 0 || stock.bytes() + cost < limitBytes) return true;
        Store.Answer refused = new Store.Answer.Refused(Reasons.NO_SPACE);
        if (stock.has(Alarm.Kind.NO_SPACE) || !asking.compareAndSet(false, true)) {
            done.accept(refused);
            return false;
        }
        proposals.propose(new Command.SetAlarm(new Alarm(selfId, Alarm.Kind.NO_SPACE, true), true), _ -> {
            asking.set(false);
            done.accept(refused);
        });
        return false;
    }

    /// Takes the store's own alarms away once there is room. On the raft driver's thread.
    void tick() {
        Stock now = stock;
        if (now.alarms().isEmpty() || !raft.status().leading() || !hasRoom(now)) return;
        for (Alarm alarm : now.alarms()) {
            if (alarm.kind() != Alarm.Kind.NO_SPACE || !alarm.raisedByStore()) continue;
            if (!asking.compareAndSet(false, true)) return;
            proposals.propose(new Command.SetAlarm(alarm, false), _ -> asking.set(false));
        }
    }

    private boolean hasRoom(Stock now) {
        return limitBytes < 0 || now.bytes() <= limitBytes / 100 * ROOM_PERCENT;
    }
}

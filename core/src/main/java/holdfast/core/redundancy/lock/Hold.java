package holdfast.core.redundancy.lock;

import holdfast.core.base.Reason;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One hold of a lock, from the moment when the command may start until nothing of it lives. Pure, one thread.
///
/// The store ends a lease at the earliest one TTL after the last renewal that it acknowledged was *sent*. All of
/// the command must be dead a margin before that. Worked example, TTL 10 s, grace 3 s, the last good renewal sent
/// at 100.00:
/// ```
/// 101.67 renewal, and again at each sixth of the TTL; none is answered
/// 105.75 SIGTERM: one grace before ...
/// 108.75 ... SIGKILL, by us; 109.06 by the guard, should we be stopped
/// 110.00 the store may give the lock to the next
/// ```
/// Giving up is final: a renewal that succeeds later gives the command its whole grace, not its lock.
public final class Hold {
    /// What happened, in any order.
    public sealed interface Input {
        /// The store renewed the lease.
        ///
        /// @param sentNanos when the request was sent, or before
        /// @param ttlNanos how long it lasts from when the store handled that
        record Renewed(long sentNanos, long ttlNanos) implements Input {}

        /// A renewal had no answer, or a useless one.
        record NotRenewed(Reason why) implements Input {}

        /// The store has ended the lease or the key: somebody else may hold the lock already.
        record Gone(Reason why) implements Input {}

        /// The command itself ended.
        ///
        /// @param status 0 to 255 as a shell counts
        record Ended(int status) implements Input {}

        /// Nothing that the command started lives any more.
        record Alone() implements Input {}
    }

    /// What is to be done.
    public sealed interface Order {
        /// Renew the lease. One at a time: an [Input.Renewed], [Input.NotRenewed] or [Input.Gone] answers it.
        record Renew(long limitNanos) implements Order {}

        /// From now on the guard kills at `atNanos` unless told otherwise.
        record Arm(long atNanos) implements Order {}

        /// Ask everything that the command started to end.
        record Terminate() implements Order {}

        /// Kill everything that the command started. Repeated at each step until [Input.Alone].
        record Kill() implements Order {}

        /// Nothing lives: the lease may be revoked. Last order.
        ///
        /// @param lost why the lock was lost, null when the command ended by itself
        /// @param status of the command; of no meaning when the lock was lost
        record Release(@Nullable Reason lost, int status) implements Order {}
    }

    private enum Phase {
        RUNNING,
        ENDING,
        KILLING,
        OVER
    }

    private static final long FAR_NANOS = Long.MAX_VALUE / 4;
    private static final long LOOK_NANOS = 20_000_000;
    private static final int RETRIES_PER_RENEWAL = 4;

    private final long graceNanos;
    private Phase phase = Phase.RUNNING;
    private long ttlNanos;
    private long safeUntilNanos;
    private long killAtNanos = FAR_NANOS;
    private long renewAtNanos;
    private boolean renewing;
    private boolean gone;
    private @Nullable Reason lost;
    private @Nullable Integer status;
    private String lastTrouble = "no renewal failed";

    /// @param sentNanos when the renewal was sent that the store acknowledged last, on a clock that counts suspend
    /// @param ttlNanos as the store acknowledged it
    public Hold(HoldConfig config, long sentNanos, long ttlNanos) {
        this.graceNanos = config.grace().toNanos();
        this.ttlNanos = ttlNanos;
        this.safeUntilNanos = safeUntil(sentNanos, ttlNanos);
        this.renewAtNanos = sentNanos + HoldConfig.renewEveryNanos(ttlNanos);
    }

    private static long safeUntil(long sentNanos, long ttlNanos) {
        return sentNanos + ttlNanos - HoldConfig.marginNanos(ttlNanos);
    }

    /// Whether the command may be started at `nowNanos`: it would not be told to end at once.
    public boolean mayStart(long nowNanos) {
        return phase == Phase.RUNNING && nowNanos < safeUntilNanos - graceNanos;
    }

    /// When the guard kills: later than [#step] does, earlier than the store can end the lease.
    public long guardAtNanos() {
        return safeUntilNanos + HoldConfig.guardNanos(ttlNanos);
    }

    /// Whether it is time to look whether anything of the command still lives.
    public boolean ending() {
        return phase == Phase.ENDING || phase == Phase.KILLING;
    }

    /// Why the lock was lost; null when it was not, or not before the command ended by itself.
    public @Nullable Reason lost() {
        return lost;
    }

    public boolean over() {
        return phase == Phase.OVER;
    }

    /// When to call [#step] next, should nothing happen before.
    public long nextNanos(long nowNanos) {
        long next = renewing || gone ? FAR_NANOS : renewAtNanos;
        return switch (phase) {
            case RUNNING -> Math.min(next, safeUntilNanos - graceNanos);
            case ENDING -> Math.min(Math.min(next, nowNanos + LOOK_NANOS), Math.min(killAtNanos, safeUntilNanos));
            case KILLING -> nowNanos + LOOK_NANOS;
            case OVER -> FAR_NANOS;
        };
    }

    /// Takes what happened and says what is to be done at `nowNanos`.
    public List<Order> step(List<Input> inputs, long nowNanos) {
        List<Order> orders = new ArrayList<>();
        for (Input input : inputs) take(input, nowNanos, orders);
        if (phase == Phase.OVER) return orders;
        if (phase == Phase.RUNNING && status != null) end(nowNanos, orders); // what it left behind
        if (phase == Phase.RUNNING && nowNanos >= safeUntilNanos - graceNanos) {
            lose(new Reason("lease-unsure", late(nowNanos)));
            end(nowNanos, orders);
        }
        if (phase == Phase.ENDING && (nowNanos >= killAtNanos || nowNanos >= safeUntilNanos)) phase = Phase.KILLING;
        if (phase == Phase.KILLING) orders.add(new Order.Kill());
        if (!renewing && !gone && nowNanos >= renewAtNanos) {
            renewing = true;
            orders.add(new Order.Renew(HoldConfig.renewEveryNanos(ttlNanos)));
        }
        return orders;
    }

    private String late(long nowNanos) {
        long sentNanos = safeUntilNanos + HoldConfig.marginNanos(ttlNanos) - ttlNanos;
        return "The lease (%d ms) was renewed %d ms ago for the last time; %s."
                .formatted(ttlNanos / 1_000_000, (nowNanos - sentNanos) / 1_000_000, lastTrouble);
    }

    private void take(Input input, long nowNanos, List<Order> orders) {
        if (phase == Phase.OVER) return;
        switch (input) {
            case Input.Renewed(long sentNanos, long newTtlNanos) -> renewed(sentNanos, newTtlNanos, orders);
            case Input.NotRenewed(Reason why) -> {
                renewing = false;
                renewAtNanos = nowNanos + HoldConfig.renewEveryNanos(ttlNanos) / RETRIES_PER_RENEWAL;
                lastTrouble = "then: " + why.code();
            }
            case Input.Gone(Reason why) -> {
                renewing = false;
                gone = true;
                lose(why);
                phase = Phase.KILLING;
            }
            case Input.Ended(int ended) -> {
                if (nowNanos >= safeUntilNanos) lose(new Reason("lease-unsure", late(nowNanos))); // the guard, or luck
                if (status == null) status = ended;
            }
            case Input.Alone _ -> {
                if (status != null) {
                    phase = Phase.OVER;
                    orders.add(new Order.Release(lost, status));
                }
            }
        }
    }

    private void renewed(long sentNanos, long newTtlNanos, List<Order> orders) {
        renewing = false;
        renewAtNanos = sentNanos + HoldConfig.renewEveryNanos(newTtlNanos);
        long until = safeUntil(sentNanos, newTtlNanos);
        if (gone || until <= safeUntilNanos) return;
        ttlNanos = newTtlNanos;
        safeUntilNanos = until;
        orders.add(new Order.Arm(guardAtNanos()));
    }

    /// The first reason counts, and none does once the command ended by itself.
    private void lose(Reason why) {
        if (lost == null && status == null) lost = why;
    }

    private void end(long nowNanos, List<Order> orders) {
        phase = Phase.ENDING;
        killAtNanos = nowNanos + graceNanos;
        orders.add(new Order.Terminate());
    }
}

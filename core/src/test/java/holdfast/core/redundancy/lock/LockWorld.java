package holdfast.core.redundancy.lock;

import holdfast.core.base.Dice;
import holdfast.core.base.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/// Some hosts that want one lock, a store, and a net between them that loses and delays; wrappers that are killed
/// and stopped alone, hosts that are stopped as a whole. Runs real [Hold]s. One seed, one run. Times in
/// milliseconds.
final class LockWorld {
    /// What is wrong on purpose, to see that it is found.
    enum Bug {
        NONE,
        /// The lease is counted from when the answer came.
        COUNTED_FROM_ANSWER,
        /// Nobody kills for a wrapper that is stopped.
        NO_GUARD,
        /// The wrapper's clock stands still while its host does.
        SLEEPY_CLOCK,
        /// The store's clock is fast by more than the margin.
        FAST_STORE
    }

    private static final int HOSTS = 3;
    private static final long RUN_MILLIS = 120_000;
    /// Within which a host that goes on kills what is too late. Only a fence helps against that.
    private static final long WAKE_MILLIS = 40;

    final List<String> violations = new ArrayList<>();
    int holds;
    int lost;
    int faults;

    private record Event(long atMillis, long order, Runnable deed) {}

    private final Dice dice;
    private final Bug bug;
    private final HoldConfig config;
    private final long ttlMillis;
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::atMillis).thenComparingLong(Event::order));
    private final List<Host> hosts = new ArrayList<>();
    private final Map<Long, Long> queue = new TreeMap<>(); // lease by create revision
    private final Map<Long, Long> endsAtMillis = new TreeMap<>(); // by lease
    private long nowMillis;
    private long order;
    private long revision;

    LockWorld(long seed, Bug bug) {
        dice = new Dice(seed);
        this.bug = bug;
        ttlMillis = dice.pick(List.of(1_000L, 2_000L, 10_000L));
        config = HoldConfig.of(Duration.ofMillis(ttlMillis));
    }

    LockWorld run() {
        for (int place = 0; place < HOSTS; place++) hosts.add(new Host(place));
        hosts.forEach(host -> at(dice.nextLong(100), host::join));
        at(dice.nextLong(2_000), this::hurt);
        while (nowMillis < RUN_MILLIS && !events.isEmpty()) {
            Event next = events.remove();
            nowMillis = next.atMillis();
            next.deed().run();
        }
        return this;
    }

    private void at(long inMillis, Runnable deed) {
        events.add(new Event(nowMillis + Math.max(0, inMillis), order++, deed));
    }

    private void hurt() {
        faults++;
        Host host = dice.pick(hosts);
        long length = dice.between(10, ttlMillis * 3);
        switch (dice.nextInt(5)) {
            case 0 -> host.kill();
            case 1 -> host.stoppedUntil = Math.max(host.stoppedUntil, nowMillis + length);
            case 2 -> host.stopWhole(length);
            case 3 -> host.asksLostUntil = nowMillis + length;
            default -> host.answersLostUntil = nowMillis + length;
        }
        at(dice.between(50, ttlMillis * 2), this::hurt);
    }

    // ---- the store -------------------------------------------------------------------------------------------------

    private void lasts(long lease) {
        long lasts = bug == Bug.FAST_STORE ? ttlMillis * 7 / 10 : ttlMillis - ttlMillis / 1_000;
        long ends = nowMillis + lasts;
        endsAtMillis.put(lease, ends);
        at(lasts, () -> {
            if (endsAtMillis.getOrDefault(lease, 0L) == ends) revoke(lease);
        });
    }

    private void revoke(long lease) {
        endsAtMillis.remove(lease);
        queue.values().remove(lease);
    }

    private final class Host {
        final int place;
        long life; // grows with each wrapper
        long stoppedUntil;
        long wholeUntil;
        long sleptMillis;
        long asksLostUntil;
        long answersLostUntil;
        long lease;
        Hold hold;
        long guardAtMillis;
        boolean childLives;
        long child; // grows with each command
        List<Hold.Input> inbox = new ArrayList<>();

        Host(int place) {
            this.place = place;
        }

        /// Runs on the wrapper, when it can run.
        void later(long inMillis, Runnable deed) {
            long of = life;
            at(inMillis, () -> {
                long until = Math.max(stoppedUntil, wholeUntil);
                if (life != of) return;
                if (nowMillis < until) later(until - nowMillis + dice.nextLong(4), deed);
                else deed.run();
            });
        }

        /// Runs beside the wrapper, on the same host.
        void beside(long inMillis, Runnable deed) {
            at(inMillis, () -> {
                if (nowMillis < wholeUntil) beside(wholeUntil - nowMillis + dice.nextLong(4), deed);
                else deed.run();
            });
        }

        /// Sends to the store, which answers or not.
        ///
        /// @param atStore what the store does; below 0 is no answer
        void ask(java.util.function.LongSupplier atStore, LongConsumer answered) {
            if (nowMillis < asksLostUntil) return;
            at(delay(), () -> {
                long answer = atStore.getAsLong();
                if (nowMillis >= answersLostUntil) later(delay(), () -> answered.accept(answer));
            });
        }

        long delay() {
            return dice.oneIn(20) ? dice.nextLong(ttlMillis) : dice.nextLong(8);
        }

        void join() {
            hold = null;
            inbox = new ArrayList<>();
            long mine = dice.nextLong() >>> 1;
            lease = mine;
            ask(
                    () -> {
                        queue.put(++revision, mine);
                        lasts(mine);
                        return revision;
                    },
                    _ -> {
                        if (lease == mine) stand(mine);
                    });
            later(3_000, () -> {
                if (lease == mine && hold == null && !endsAtMillis.containsKey(mine)) join();
            });
        }

        void stand(long mine) {
            if (lease != mine || hold != null) return;
            ask(
                    () -> {
                        if (!endsAtMillis.containsKey(mine)) return 0;
                        lasts(mine);
                        return queue.values().iterator().next() == mine ? 2 : 1;
                    },
                    said -> {
                        if (lease != mine || hold != null) return;
                        if (said == 0) join();
                        else if (said == 2) win(mine);
                    });
            later(Math.max(20, ttlMillis / 8), () -> stand(mine));
        }

        void win(long mine) {
            long sent = clock();
            ask(() -> renewal(mine), said -> {
                long counted = bug == Bug.COUNTED_FROM_ANSWER ? clock() : sent;
                if (said == 0 || lease != mine || hold != null) return;
                Hold begun = new Hold(config, nanos(counted), nanos(ttlMillis));
                if (begun.mayStart(nanos(clock()))) start(begun);
            });
        }

        long renewal(long mine) {
            if (!endsAtMillis.containsKey(mine)) return 0;
            lasts(mine);
            return 1;
        }

        long clock() {
            return bug == Bug.SLEEPY_CLOCK ? nowMillis - sleptMillis : nowMillis;
        }

        void start(Hold begun) {
            hold = begun;
            holds++;
            arm(begun.guardAtNanos());
            childLives = true;
            long which = ++child;
            for (Host other : hosts) if (other != this && other.childLives) other.mustNotAct(this);
            later(0, () -> turn(begun));
            beside(dice.between(20, ttlMillis * 2), () -> end(which, 0));
        }

        /// Another one acts now: this one must be dead, or stopped as a whole and dead soon after.
        void mustNotAct(Host other) {
            long which = child;
            long untilMillis = wholeUntil;
            if (nowMillis >= untilMillis + WAKE_MILLIS) {
                violations.add("at %d: n%d acts, and n%d still does".formatted(nowMillis, other.place, place));
            } else {
                at(untilMillis + WAKE_MILLIS - nowMillis, () -> {
                    if (child == which && childLives) mustNotAct(other);
                });
            }
        }

        void arm(long atNanos) {
            long guard = atNanos / 1_000_000;
            guardAtMillis = guard;
            if (bug == Bug.NO_GUARD || bug == Bug.SLEEPY_CLOCK) return;
            beside(guard - nowMillis, () -> {
                if (guardAtMillis == guard) end(child, 137);
            });
        }

        void end(long which, int status) {
            if (!childLives || child != which) return;
            childLives = false;
            Hold of = hold;
            later(dice.nextLong(3), () -> {
                if (hold != of || of == null) return;
                inbox.add(new Hold.Input.Ended(status));
                inbox.add(new Hold.Input.Alone());
                turn(of);
            });
        }

        void turn(Hold of) {
            if (hold != of || of.over()) return;
            List<Hold.Input> inputs = inbox;
            inbox = new ArrayList<>();
            for (Hold.Order ordered : of.step(inputs, nanos(clock()))) carryOut(of, ordered);
            if (hold != of || of.over()) return;
            long next = of.nextNanos(nanos(clock())) - nanos(clock());
            later(Math.max(1, (next + 999_999) / 1_000_000), () -> turn(of));
        }

        void carryOut(Hold of, Hold.Order ordered) {
            long mine = lease;
            long which = child;
            switch (ordered) {
                case Hold.Order.Renew(long limitNanos) -> renew(of, mine, limitNanos / 1_000_000);
                case Hold.Order.Arm(long atNanos) -> arm(atNanos);
                case Hold.Order.Terminate() -> {
                    if (!dice.oneIn(3)) beside(dice.nextLong(config.grace().toMillis() * 2 + 1), () -> end(which, 143));
                }
                case Hold.Order.Kill() -> beside(dice.between(1, 3), () -> end(which, 137));
                case Hold.Order.Release(Reason why, int _) -> {
                    if (why != null) lost++;
                    ask(
                            () -> {
                                revoke(mine);
                                return 1;
                            },
                            _ -> {});
                    later(dice.nextLong(50), this::join);
                }
            }
        }

        void renew(Hold of, long mine, long limitMillis) {
            long sent = clock();
            boolean[] answered = {false};
            ask(() -> renewal(mine), said -> {
                if (answered[0] || hold != of) return;
                answered[0] = true;
                long counted = bug == Bug.COUNTED_FROM_ANSWER ? clock() : sent;
                inbox.add(
                        said == 0
                                ? new Hold.Input.Gone(new Reason("lease-gone", "Gone."))
                                : new Hold.Input.Renewed(nanos(counted), nanos(ttlMillis)));
                turn(of);
            });
            later(limitMillis, () -> {
                if (answered[0] || hold != of) return;
                answered[0] = true;
                inbox.add(new Hold.Input.NotRenewed(new Reason("store-lost", "No answer.")));
                turn(of);
            });
        }

        /// SIGKILL of the wrapper: the guard sees its pipe end.
        void kill() {
            life++;
            long which = child;
            hold = null;
            lease = 0;
            stoppedUntil = 0;
            if (bug != Bug.NO_GUARD) beside(dice.nextLong(3), () -> end(which, 137));
            else beside(ttlMillis, () -> end(which, 137));
            later(dice.between(100, 500), this::join);
        }

        void stopWhole(long length) {
            long until = Math.max(wholeUntil, nowMillis + length);
            sleptMillis += until - Math.max(wholeUntil, nowMillis);
            wholeUntil = until;
        }
    }

    private static long nanos(long millis) {
        return millis * 1_000_000;
    }
}

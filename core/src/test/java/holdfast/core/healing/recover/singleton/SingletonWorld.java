package holdfast.core.healing.recover.singleton;

import holdfast.core.base.Dice;
import holdfast.core.base.NodeId;
import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.CheckSpec;
import holdfast.core.healing.fleet.Limits;
import holdfast.core.healing.fleet.SingletonSpec;
import holdfast.core.redundancy.lock.Hold;
import holdfast.core.redundancy.lock.HoldConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Three hosts of one singleton, a queue in a store, cuts, freezes of hosts and of agents, processes that end, stop
/// being well or cannot be started. Runs real [Singleton]s and [Hold]s, tied as the agent ties them. One seed, one
/// run, in steps of 5 ms.
final class SingletonWorld {
    enum Bug {
        NONE,
        /// The right is let go while the process lives.
        LETS_GO_EARLY,
        /// Nobody kills for an agent that stands still.
        NO_GUARD
    }

    private static final long STEP_MILLIS = 5;
    private static final long HURT_MILLIS = 40_000;
    private static final long HEAL_MILLIS = 90_000; // longer than the longest rest
    /// Within which a host that wakes kills what is too late. Only a fence helps against that.
    private static final long WAKE_MILLIS = 40;
    private static final long TTL_MILLIS = 1_000;
    private static final long CALM_MILLIS = 3_000;

    final List<String> violations = new ArrayList<>();
    int rights;
    int confirmed;
    int restarts;
    int released;

    private final Dice dice;
    private final Bug bug;
    private final SingletonSpec spec;
    private final List<Host> hosts = new ArrayList<>();
    private final SortedMap<Long, Long> queue = new TreeMap<>(); // when the lease ends, by create revision
    private long nowMillis;
    private long revision;
    private long fenceMax;

    SingletonWorld(long seed, Bug bug) {
        this.dice = new Dice(seed);
        this.bug = bug;
        this.spec = new SingletonSpec(
                "cron",
                List.of("cron"),
                0,
                List.of(),
                new TreeMap<>(),
                dice.oneIn(2)
                        ? List.of()
                        : List.of(new CheckSpec.Exec(
                                List.of("check"),
                                new CheckSpec.Timing(Duration.ofMillis(100), Duration.ofMillis(50), 3, 2))),
                new Limits(2, Duration.ofSeconds(20), Limits.DEFAULT.isolateAtMost()),
                Duration.ofSeconds(2),
                Duration.ofMillis(dice.pick(List.of(0L, 500L))),
                Duration.ofMillis(TTL_MILLIS),
                dice.pick(List.of(SingletonSpec.Standby.values())),
                "",
                "");
    }

    SingletonWorld run() {
        for (int place = 1; place <= 3; place++) hosts.add(new Host(new NodeId("h" + place)));
        long calmMillis = 0;
        for (; nowMillis < HURT_MILLIS + HEAL_MILLIS && calmMillis < CALM_MILLIS; nowMillis += STEP_MILLIS) {
            if (nowMillis < HURT_MILLIS && dice.oneIn(80)) hurt(dice.pick(hosts));
            queue.values().removeIf(ends -> nowMillis > ends);
            for (Host host : hosts) host.step();
            judge();
            boolean calm = nowMillis > HURT_MILLIS + CALM_MILLIS
                    && hosts.stream().filter(Host::acts).count() == 1;
            calmMillis = calm ? calmMillis + STEP_MILLIS : 0;
        }
        if (calmMillis == 0) violations.add("nobody acts in the end");
        return this;
    }

    private void hurt(Host host) {
        long until = nowMillis + dice.between(10, 3_000);
        switch (dice.nextInt(7)) {
            case 0 -> host.cutUntil = until;
            case 1 -> host.wholeUntil = until;
            case 2 -> host.agentUntil = until;
            case 3 -> host.lives = false;
            case 4 -> host.illUntil = until;
            case 5 -> host.brokenUntil = until;
            default -> host.told.add(new Singleton.Input.AskedToRelease());
        }
    }

    private void judge() {
        List<Host> acting = hosts.stream().filter(Host::acts).toList();
        if (acting.size() > 1) violations.add(nowMillis + " ms: " + acting + " act at once");
        for (Host host : acting) {
            if (host.fence < fenceMax) violations.add(nowMillis + " ms: " + host + " acts after " + fenceMax);
            fenceMax = Math.max(fenceMax, host.fence);
        }
    }

    private static Reason why(String code) {
        return new Reason(code, code + ".");
    }

    private final class Host {
        final NodeId name;
        final Singleton core = new Singleton(spec);
        final List<Singleton.Input> told = new ArrayList<>();
        final List<Hold.Input> toldHold = new ArrayList<>();
        long cutUntil;
        long wholeUntil;
        long agentUntil;
        long illUntil;
        long brokenUntil;

        @Nullable
        Hold hold;

        long fence;
        long guardAtMillis = Long.MAX_VALUE;
        boolean lives;
        boolean active; // as the process knows
        boolean began; // the core thinks that it lives
        long startedAtMillis = -1;
        long stopAtMillis = -1;
        long checkAtMillis;
        long activation;
        boolean lostTold;
        long wokeMillis;

        Host(NodeId name) {
            this.name = name;
        }

        @Override
        public String toString() {
            return name + " with fence " + fence;
        }

        boolean acts() {
            return lives && active && nowMillis >= wholeUntil && nowMillis >= wokeMillis + WAKE_MILLIS;
        }

        void step() {
            if (nowMillis < wholeUntil) {
                wokeMillis = nowMillis;
                return;
            }
            if (nowMillis >= guardAtMillis && bug != Bug.NO_GUARD) lives = false;
            if (stopAtMillis >= 0 && nowMillis >= stopAtMillis) lives = false;
            if (nowMillis < agentUntil) return;
            listen();
            driveHold();
            for (Singleton.Order order : core.step(take(told), nanos())) carryOut(order);
        }

        private long nanos() {
            return nowMillis * 1_000_000;
        }

        private <T> List<T> take(List<T> inputs) {
            List<T> taken = List.copyOf(inputs);
            inputs.clear();
            return taken;
        }

        private void listen() {
            if (startedAtMillis >= 0 && nowMillis >= startedAtMillis) {
                startedAtMillis = -1;
                lives = nowMillis >= brokenUntil;
                began = lives;
                told.add(lives ? new Singleton.Input.Started() : new Singleton.Input.NotStarted(why("broken")));
            }
            if (began && !lives) {
                began = false;
                active = false;
                stopAtMillis = -1;
                told.add(new Singleton.Input.Ended(why("ended")));
            }
            if (active && nowMillis >= checkAtMillis && !spec.checks().isEmpty()) {
                checkAtMillis = nowMillis + 100;
                told.add(new Singleton.Input.Checked(activation, 0, nowMillis >= illUntil));
            }
            boolean first = !queue.isEmpty() && queue.firstKey() == fence;
            if (fence != 0 && hold == null && nowMillis >= cutUntil) {
                if (!queue.containsKey(fence)) {
                    fence = 0;
                    told.add(new Singleton.Input.NotElected(why("lease-gone")));
                } else {
                    queue.put(fence, nowMillis + TTL_MILLIS);
                    if (first) elected();
                }
            }
        }

        private void elected() {
            hold = new Hold(
                    new HoldConfig(Duration.ofMillis(TTL_MILLIS), Duration.ZERO), nanos(), TTL_MILLIS * 1_000_000);
            guardAtMillis = hold.guardAtNanos() / 1_000_000;
            lostTold = false;
            rights++;
            told.add(new Singleton.Input.Elected());
        }

        private void driveHold() {
            Hold held = hold;
            if (held == null) return;
            if (held.ending() && !lives && startedAtMillis < 0) {
                toldHold.add(new Hold.Input.Ended(0));
                toldHold.add(new Hold.Input.Alone());
            }
            for (Hold.Order order : held.step(take(toldHold), nanos())) {
                switch (order) {
                    case Hold.Order.Renew _ -> renew();
                    case Hold.Order.Arm(long atNanos) -> guardAtMillis = atNanos / 1_000_000;
                    case Hold.Order.Terminate() -> {}
                    case Hold.Order.Kill() -> lives = false;
                    case Hold.Order.Release _ -> letGo();
                }
            }
            if (held.ending() && !lostTold) {
                lostTold = true;
                told.add(new Singleton.Input.Lost(why("lease-unsure")));
            }
        }

        private void renew() {
            if (nowMillis < cutUntil) {
                toldHold.add(new Hold.Input.NotRenewed(why("cut")));
            } else if (!queue.containsKey(fence)) {
                toldHold.add(new Hold.Input.Gone(why("gone")));
            } else {
                queue.put(fence, nowMillis + TTL_MILLIS);
                toldHold.add(new Hold.Input.Renewed(nanos(), TTL_MILLIS * 1_000_000));
            }
        }

        private void letGo() {
            hold = null;
            guardAtMillis = Long.MAX_VALUE;
            if (nowMillis >= cutUntil) queue.remove(fence); // else its lease ends
            fence = 0;
            told.add(new Singleton.Input.LetGo());
        }

        private void carryOut(Singleton.Order order) {
            switch (order) {
                case Singleton.Order.Start() -> {
                    if (lives || began) violations.add(this + " starts a second process");
                    startedAtMillis = nowMillis + dice.between(5, 50);
                }
                case Singleton.Order.Stand() -> {
                    fence = ++revision;
                    queue.put(fence, nowMillis + TTL_MILLIS);
                }
                case Singleton.Order.Withdraw() -> {
                    if (hold != null) return; // the other answer is on its way
                    queue.remove(fence);
                    fence = 0;
                    told.add(new Singleton.Input.NotElected(why("withdrawn")));
                }
                case Singleton.Order.Activate(long number) -> {
                    if (hold == null) violations.add(this + " is told to act without the right");
                    if (activation != 0 && lives) restarts++;
                    activation = number;
                    active = lives;
                }
                case Singleton.Order.Confirm _ -> confirmed++;
                case Singleton.Order.Terminate() -> {
                    stopAtMillis = nowMillis + dice.between(0, 1_000);
                    if (bug == Bug.LETS_GO_EARLY && hold != null) letGo();
                }
                case Singleton.Order.Kill() -> lives = false;
                case Singleton.Order.Release _ -> {
                    if (lives) violations.add(this + " lets go while its process lives");
                    released++;
                    toldHold.add(new Hold.Input.Ended(0));
                    toldHold.add(new Hold.Input.Alone());
                }
            }
        }
    }
}

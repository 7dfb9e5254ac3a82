package holdfast.core.healing.recover.failover;

import holdfast.core.base.Dice;
import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.fleet.ClusterSpec.Durability;
import holdfast.core.healing.recover.failover.Local.Phase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A cluster of two, three or five hosts with a store and links between them, clients that write wherever
/// they can, and all that can befall them. Runs the real [Failover]. One seed, one run. Times in milliseconds.
final class FailoverWorld {
    /// What is wrong on purpose, to see that it is found.
    enum Bug {
        NONE,
        /// A standby that pledged still receives.
        PLEDGE_RECEIVES,
        /// Nobody kills a server that outlives the lease.
        NO_GUARD,
        /// A rule leaves the store before the next one covers what it let through.
        RULE_FORGOTTEN,
        /// A member promises a primary to wait, and pledges all the same.
        PROMISE_AND_PLEDGE,
        /// A new primary's replicas may elect before they have all that it has.
        FIRST_RULE_WITHOUT_ALONE,
        /// A primary that leaves says that its log ends earlier than it does.
        LEAVES_TOO_EARLY,
        /// A server that was restarted, and forgets how far it was or lacks its last writes, counts all the same. Redis
        /// only.
        FORGETFUL_COUNTS,
        /// Members have not heard of each other's priorities.
        PRIORITY_UNHEARD,
        /// The primary has not heard of whom no commit is to wait for.
        NO_SYNC_UNHEARD,
        /// A member of high priority says that it has more than it has.
        PREFERRED_CLAIMS_MORE
    }

    static final long LEASE_MILLIS = 2_000;
    /// Within which a host that goes on kills what is too late: commits that wait are safe even then.
    static final long WAKE_MILLIS = 400;
    private static final long FOUNDED_MILLIS = 20_000;
    private static final long CALM_MILLIS = 90_000;

    final List<String> violations = new ArrayList<>();
    final List<String> told = new ArrayList<>();
    final Dice dice;
    final Bug bug;
    final ClusterSpec spec;
    /// The same as the members know it.
    final ClusterSpec known;
    final SimStore store = new SimStore(this);
    long nowMillis = 1;
    int commits;
    int failovers;
    int faults;
    long calmMillis;

    private record Event(long atMillis, long order, Runnable deed) {}

    private record Acknowledged(int place, SimLog.Entry entry) {}

    private final long seed;
    private final boolean traced;
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::atMillis).thenComparingLong(Event::order));
    private final TreeMap<NodeId, SimHost> hosts = new TreeMap<>();
    private final TreeMap<String, Long> cutUntilMillis = new TreeMap<>();
    private final List<Acknowledged> acknowledged = new ArrayList<>();
    private final TreeMap<NodeId, String> lastMoves = new TreeMap<>();
    private @Nullable SimServer truth; // the primary of the latest term that was promoted
    private long truthTerm;
    private long order;
    private long ids;
    private boolean hurting;
    private boolean onlyFreezes;

    FailoverWorld(ClusterSpec.Kind kind, long seed, Bug bug, boolean traced) {
        this.seed = seed;
        this.dice = new Dice(seed);
        this.bug = bug;
        this.traced = traced;
        List<NodeId> names = new ArrayList<>();
        int members = dice.pick(List.of(2, 3, 3, 3, 5));
        for (int place = 1; place <= members; place++) names.add(new NodeId("h" + place));
        Durability durability =
                dice.pick(List.of(Durability.SYNC_1, Durability.SYNC_1, Durability.QUORUM, Durability.ASYNC));
        SortedSet<NodeId> never = new TreeSet<>();
        if (members > 2 && dice.oneIn(6)) never.add(dice.pick(names));
        spec = new ClusterSpec(
                kind,
                "orders",
                names,
                5_432,
                "",
                "",
                "postgres",
                durability,
                dice.oneIn(4),
                Duration.ofMillis(LEASE_MILLIS),
                dice.pick(List.of(4L, 1L << 20)),
                Duration.ofSeconds(2),
                Duration.ofSeconds(30),
                never,
                8_008,
                0,
                0,
                SimTags.roll(kind, seed, names),
                List.of());
        known = SimTags.known(spec, bug);
        for (NodeId name : names) hosts.put(name, new SimHost(this, name));
    }

    // ---- scenarios ----

    /// Everything happens, then nothing more: there is one primary, and all follow it.
    FailoverWorld run() {
        begin();
        if (!settle(FOUNDED_MILLIS)) return this;
        hurting = true;
        long hurtUntilMillis = nowMillis + dice.between(5_000, 20_000);
        at(dice.nextLong(500), () -> hurt(hurtUntilMillis));
        pass(() -> nowMillis > hurtUntilMillis);
        hurting = false;
        calm();
        long fromMillis = nowMillis;
        if (violations.isEmpty()) settle(CALM_MILLIS);
        calmMillis = nowMillis - fromMillis;
        return this;
    }

    /// Only the primary's host stands still, again and again, about as long as the lease.
    FailoverWorld runFreezes() {
        onlyFreezes = true;
        return run();
    }

    /// Only the store is away for a while: nothing must change.
    FailoverWorld loseStore() {
        begin();
        if (!settle(FOUNDED_MILLIS)) return this;
        SimServer primary = java.util.Objects.requireNonNull(truth);
        long life = primary.life;
        int before = commits;
        long untilMillis = nowMillis + dice.between(100, 20_000);
        if (dice.oneIn(2)) {
            store.halt(true);
            at(untilMillis - nowMillis, () -> store.halt(false));
        } else {
            for (NodeId host : hosts.keySet()) {
                cutUntilMillis.put(host + ">store", untilMillis + dice.nextLong(1_500));
                cutUntilMillis.put("store>" + host, untilMillis + dice.nextLong(1_500));
            }
        }
        long length = untilMillis - nowMillis;
        pass(() -> nowMillis > untilMillis + 10_000);
        boolean same = primary == truth && primary.life == life && primary.phase == Phase.PRIMARY;
        if (!same) violation("the primary did not outlive the %d ms without the store".formatted(length));
        if (commits - before < length / 400) violation("commits stopped while the store was away");
        if (!settled()) violation("not settled 10 s after the store came back");
        return this;
    }

    private void begin() {
        hosts.values().forEach(host -> at(dice.nextLong(500), host::start));
        at(100, this::clients);
    }

    private boolean settle(long withinMillis) {
        long untilMillis = nowMillis + withinMillis;
        pass(() -> nowMillis > untilMillis || settled());
        boolean callsAPerson = forgets() && spec.strict() && lastMoves.containsValue("Call suspect");
        if (violations.isEmpty() && !settled() && !callsAPerson) {
            violation("not settled after %d ms: %s, %s".formatted(withinMillis, lastMoves, store.now));
        }
        return violations.isEmpty();
    }

    private void pass(java.util.function.BooleanSupplier until) {
        while (violations.isEmpty() && !events.isEmpty()) {
            Event next = events.remove();
            if (next.atMillis() > nowMillis && until.getAsBoolean()) {
                events.add(next);
                return;
            }
            nowMillis = next.atMillis();
            next.deed().run();
        }
    }

    /// One takes writes, all others have what it has, one rule stands, and everybody that streams counts.
    private boolean settled() {
        Holder holder = store.now.holder();
        ClusterState state = store.now.state();
        if (holder == null
                || state == null
                || !holder.serving()
                || state.rules().size() != 1) return false;
        SimServer primary = host(holder.host()).server;
        if (primary.phase != Phase.PRIMARY || primary.flushed().size() != hosts.size() - 1) return false;
        long counting = hosts.keySet().stream()
                .filter(host -> !host.equals(primary.host.id) && spec.counts(host))
                .count();
        if (state.rules().getFirst().voters().size() != counting) return false;
        for (SimHost host : hosts.values()) {
            if (host.server == primary) continue;
            if (host.server.phase != Phase.STANDBY || !host.server.receiving()) return false;
        }
        return true;
    }

    private void clients() {
        hosts.values().forEach(host -> host.beside(0, host.server::commit));
        at(dice.between(20, 200), this::clients);
    }

    // ---- faults ----

    private void hurt(long untilMillis) {
        if (nowMillis > untilMillis) return;
        faults++;
        if (onlyFreezes) {
            if (truth != null) truth.host.freeze(dice.between(1_500, 2_600));
            if (dice.oneIn(3)) dice.pick(List.copyOf(hosts.values())).killWhole(dice.nextLong(2_000));
            at(dice.between(1_000, 4_000), () -> hurt(untilMillis));
            return;
        }
        SimHost host = dice.pick(List.copyOf(hosts.values()));
        SimHost other = dice.pick(List.copyOf(hosts.values()));
        long length = dice.oneIn(3) ? dice.between(50, 12_000) : dice.between(50, 3_500);
        long end = nowMillis + length;
        switch (dice.nextInt(15)) {
            case 0 -> host.killWhole(length);
            case 1, 2 -> host.freeze(length);
            case 3 -> {
                host.killAgent();
                at(dice.nextLong(4_000), host::startAgent);
            }
            case 4 -> host.beside(0, host.server::kill);
            case 5 -> cut(host.id + ">" + other.id, end);
            case 6 -> {
                cut(host.id + ">" + other.id, end);
                cut(other.id + ">" + host.id, end);
            }
            case 7 -> cut(host.id + ">store", end);
            case 8 -> cut("store>" + host.id, end);
            case 9 -> {
                store.halt(true);
                at(length / 2, () -> store.halt(false));
            }
            case 10 -> hosts.keySet().forEach(one -> cut(one + ">store", end));
            case 11 -> store.wish(new Wish("w" + order, dice.oneIn(2) ? "" : other.id.name(), 0));
            case 12 -> {
                store.pause(true);
                at(length, () -> store.pause(false));
            }
            default -> hurtPrimary(length);
        }
        at(dice.between(20, dice.oneIn(4) ? 4_000 : 800), () -> hurt(untilMillis));
    }

    private void hurtPrimary(long length) {
        SimServer primary = truth;
        if (primary == null) return;
        if (dice.oneIn(2)) primary.host.freeze(dice.between(1_500, 2_600)); // about as long as the lease
        else primary.host.killWhole(length);
    }

    private void cut(String link, long until) {
        trace(() -> link + " is cut until " + until);
        cutUntilMillis.merge(link, until, Math::max);
    }

    private void calm() {
        trace(() -> "calm");
        cutUntilMillis.clear();
        store.halt(false);
        store.pause(false);
    }

    // ---- the net ----

    void at(long inMillis, Runnable deed) {
        events.add(new Event(nowMillis + Math.max(0, inMillis), order++, deed));
    }

    private boolean open(String link) {
        if (cutUntilMillis.isEmpty()) return true;
        Long until = cutUntilMillis.get(link);
        return until == null || nowMillis >= until;
    }

    boolean passes(SimHost from, SimHost to) {
        return cutUntilMillis.isEmpty() || from == to || open(from.id + ">" + to.id);
    }

    boolean toStore(SimHost host) {
        return cutUntilMillis.isEmpty() || open(host.id + ">store");
    }

    boolean fromStore(SimHost host) {
        return cutUntilMillis.isEmpty() || open("store>" + host.id);
    }

    long delay() {
        return 1 + dice.nextLong(3);
    }

    long storeDelay() {
        return hurting && dice.oneIn(100) ? dice.nextLong(1_500) : 1 + dice.nextLong(4);
    }

    void tell(SimStore.Seen seen) {
        for (SimHost host : hosts.values()) {
            if (!fromStore(host)) continue;
            at(
                    storeDelay(),
                    () -> host.beside(0, () -> {
                        if (host.agent != null && host.agent.seen != null) host.agent.hear(seen);
                    }));
        }
    }

    SimHost host(NodeId id) {
        return java.util.Objects.requireNonNull(hosts.get(id));
    }

    boolean hurts() {
        return hurting;
    }

    long nextId() {
        return ++ids;
    }

    // ---- what must hold ----

    /// A server that takes writes from now on has every commit that was acknowledged.
    void mayWrite(SimServer server) {
        if (server.term < truthTerm) return;
        SimServer former = truth;
        boolean succeeds = former != null && former != server;
        truth = server;
        truthTerm = server.term;
        if (succeeds) failovers++;
        if (server.pardoned) {
            server.pardoned = false;
            acknowledged.removeIf(one -> !server.log.has(one.place(), one.entry()));
        }
        if (SyncSet.waits(spec)) {
            for (Acknowledged one : acknowledged) {
                if (!server.log.has(one.place(), one.entry())) {
                    violation("%s is the primary of term %d without %s at %d, which was acknowledged"
                            .formatted(server.host.id, server.term, one.entry(), one.place()));
                    return;
                }
            }
        } else if (succeeds) lost(server, former);
    }

    private void lost(SimServer server, SimServer former) {
        SimAgent agent = server.host.agent;
        if (agent == null) return;
        long lost = acknowledged.stream()
                .filter(one -> !server.log.has(one.place(), one.entry()))
                .count();
        long untold = former.log.end() - agent.lastPrimary.lsn().bytes();
        if (lost > spec.lagBytesMax() + Math.max(0, untold) + 1) {
            violation("%d commits are lost; %d were untold".formatted(lost, untold));
        }
        acknowledged.removeIf(one -> !server.log.has(one.place(), one.entry()));
    }

    /// Whether a restarted server keeps its history and knows how far it is.
    boolean forgets() {
        return !spec.kind().keepsHistory();
    }

    /// A former primary whose disk may lack its last writes takes the key again: only when it stood alone, or nobody
    /// was elected for long. What it lacks is lost, and is known to be.
    void pardon(SimServer server, View view, ClusterState state) {
        boolean alone = state.rules().stream().anyMatch(rule -> rule.voters().isEmpty());
        boolean waited = view.nowNanos() - view.vacantNanos() >= Failover.GAVE_UP_NANOS;
        if (alone || waited) server.pardoned = true;
        else violation(server.host.id + " takes the key again, though its disk may lack what it acknowledged");
    }

    void writes(SimServer server) {
        Holder holder = store.now.holder();
        boolean other = holder != null && !holder.host().equals(server.host.id) && holder.term() > server.term;
        if (!other || nowMillis < server.host.wokenMillis + WAKE_MILLIS) return;
        violation("%s writes in term %d while %s holds the key in term %d"
                .formatted(server.host.id, server.term, holder.host(), holder.term()));
    }

    void acknowledged(SimServer server, int place, SimLog.Entry entry) {
        commits++;
        SimServer now = truth;
        if (now != null && now != server && !now.log.has(place, entry)) {
            if (SyncSet.waits(spec)) {
                violation("%s acknowledges %s at %d, which %s, the primary of term %d, does not have"
                        .formatted(server.host.id, entry, place, now.host.id, truthTerm));
            }
            return;
        }
        trace(() -> server.host.id + " acknowledges " + entry + " at " + place);
        acknowledged.add(new Acknowledged(place, entry));
    }

    void violation(String what) {
        violations.add("seed %d, at %d (%d members, %s%s, never %s, %s): %s"
                .formatted(
                        seed,
                        nowMillis,
                        hosts.size(),
                        spec.durability(),
                        spec.strict() ? " strict" : "",
                        spec.noFailover(),
                        spec.tags(),
                        what));
        trace(() -> what);
    }

    void said(NodeId host, Move move, View view) {
        SimTags.broken(spec, move, view).ifPresent(this::violation);
        String former = lastMoves.put(
                host, move.getClass().getSimpleName() + " " + move.why().code());
        if (traced && !lastMoves.get(host).equals(former)) trace(() -> host + " " + move);
    }

    void trace(Supplier<String> what) {
        if (traced) told.add(nowMillis + " " + what.get());
    }

    static long nanos(long millis) {
        return millis * 1_000_000;
    }

    static long millis(long nanos) {
        return nanos / 1_000_000;
    }
}

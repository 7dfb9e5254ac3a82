package holdfast.core.proof.sim;

import holdfast.core.base.Bytes;
import holdfast.core.base.Dice;
import holdfast.core.base.NodeId;
import holdfast.core.healing.Incident;
import holdfast.core.healing.detect.Probe;
import holdfast.core.healing.detect.Signal;
import holdfast.core.healing.detect.Watchers;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Part;
import holdfast.core.truth.Command;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SortedMap;
import java.util.TreeMap;

/// A whole deployment in one thread: own time, own dice, own event queue. Two worlds of one seed, scenario and
/// bug do the same to the last event.
public final class World {
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final int SERVERS = 3;
    /// An event queue that grows beyond this is a bug of the simulator.
    private static final int EVENTS_MAX = 100_000;

    private record Event(long atNanos, long sequence, Runnable run) {}

    private final long seed;
    private final Scenario scenario;
    private final Bug bug;
    private final Dice dice;
    private final PriorityQueue<Event> queue =
            new PriorityQueue<>(Comparator.comparingLong(Event::atNanos).thenComparingLong(Event::sequence));
    private final Net net;
    private final Vault vault = new Vault();
    private final SimStore store;
    private final SimLedger ledger;
    private final SortedMap<String, SimNode> nodes = new TreeMap<>();
    private final SortedMap<String, SimHost> hosts = new TreeMap<>();
    private final SortedMap<NodeId, List<Watchers.Routine>> routines = new TreeMap<>();
    private final Judge judge;
    private final Mischief mischief;
    private long nowNanos;
    private long sequence;
    private Fleet fleet;

    private World(long seed, Scenario scenario, Bug bug) {
        this.seed = seed;
        this.scenario = scenario;
        this.bug = bug;
        this.dice = new Dice(seed);
        this.net = new Net(dice.split(), scenario.lossPerMille());
        this.judge = new Judge(this);
        this.store = new SimStore(this);
        this.ledger = new SimLedger(this, store, vault);
        this.fleet = Fleets.shop(scenario.hosts(), "GOOD", 1);
        for (int number = 1; number <= SERVERS; number++) {
            nodes.put("n" + number, new SimNode(this, ledger, "n" + number));
        }
        fleet.hosts()
                .forEach(spec -> hosts.put(spec.name().name(), new SimHost(this, ledger, spec.name(), spec.address())));
        this.mischief = new Mischief(this, scenario);
    }

    public static World of(long seed, Scenario scenario) {
        return of(seed, scenario, Bug.NONE);
    }

    public static World of(long seed, Scenario scenario, Bug bug) {
        World world = new World(seed, scenario, bug);
        world.begin();
        return world;
    }

    private void begin() {
        apply(fleet);
        every(50_000_000L, store::tick);
        for (SimNode node : nodes.values()) {
            after(dice.nextLong(SimNode.TICK_NANOS), () -> every(SimNode.TICK_NANOS, node::tick));
        }
        for (SimHost host : hosts.values()) {
            after(dice.nextLong(SECOND_NANOS), () -> {
                host.startAgent();
                host.begin();
            });
        }
        every(SECOND_NANOS / 2, judge::look);
        mischief.begin();
    }

    /// Runs until everything is calm after the last fault, or the bound for that has passed.
    public World run() {
        while (!judge.isOver()) {
            Event event = queue.poll();
            if (event == null) break;
            nowNanos = event.atNanos();
            event.run().run();
        }
        judge.end();
        return this;
    }

    /// @param sentence begins with the simulated time
    public record Violation(Invariant invariant, String sentence) {}

    /// Empty when every invariant held.
    public List<Violation> violations() {
        return judge.violations();
    }

    /// A fault as it was thrown.
    ///
    /// @param atMillis wall clock of the world, as in incidents
    public record Hurt(Scenario.FaultKind kind, Part subject, long atMillis) {}

    /// What was thrown, oldest first.
    public List<Hurt> hurts() {
        return mischief.hurts();
    }

    /// All incidents of the ledger, by id.
    public List<Incident> incidents() {
        return ledger.all("incidents/", Incident.class);
    }

    public long simulatedMillis() {
        return nowNanos / 1_000_000;
    }

    /// What happened, in order, for a person who replays.
    public List<String> story() {
        return judge.story();
    }

    /// How to see it again.
    public String replay() {
        return "seed " + seed + ", scenario " + scenario.name() + ", bug " + bug
                + ": mvn -pl core -am test -Dtest=WorldTest -Dholdfast.seed=" + seed + " -Dholdfast.scenario="
                + scenario.name()
                + " -Dsurefire.failIfNoSpecifiedTests=false";
    }

    // --- for the parts of the world

    long now() {
        return nowNanos;
    }

    long wallMillis() {
        return 1_700_000_000_000L + nowNanos / 1_000_000;
    }

    Dice dice() {
        return dice;
    }

    Net net() {
        return net;
    }

    SimStore store() {
        return store;
    }

    SimLedger ledger() {
        return ledger;
    }

    Vault vault() {
        return vault;
    }

    Judge judge() {
        return judge;
    }

    Mischief mischief() {
        return mischief;
    }

    Fleet fleet() {
        return fleet;
    }

    boolean has(Bug wanted) {
        return bug == wanted;
    }

    void after(long delayNanos, Runnable run) {
        if (queue.size() >= EVENTS_MAX) throw new IllegalStateException("more than " + EVENTS_MAX + " events wait");
        queue.add(new Event(nowNanos + Math.max(0, delayNanos), sequence++, run));
    }

    void every(long periodNanos, Runnable run) {
        after(periodNanos, () -> {
            run.run();
            every(periodNanos, run);
        });
    }

    List<SimNode> nodes() {
        return List.copyOf(nodes.values());
    }

    List<SimHost> hosts() {
        return List.copyOf(hosts.values());
    }

    Optional<SimHost> host(String name) {
        return Optional.ofNullable(hosts.get(name));
    }

    /// A person applies a fleet.
    void apply(Fleet fresh) {
        fleet = fresh;
        routines.clear();
        store.apply(Command.Put.of(Bytes.utf8("fleet"), vault.put(fresh)));
    }

    void assignmentsChanged() {
        routines.clear();
    }

    List<Watchers.Routine> routine(NodeId host) {
        return routines.computeIfAbsent(
                host, key -> Watchers.routine(fleet, ledger.all("instances/", Assignment.class), key));
    }

    /// What `witness` finds when it knocks at `target`.
    Signal.Result knock(NodeId witness, String target, Part subject) {
        String address = target.substring(0, target.lastIndexOf(':'));
        for (SimHost host : hosts.values()) {
            if (!host.address.equals(address)) continue;
            boolean open = net.isOpenBothWays(witness.name(), host.name.name());
            return open ? host.answer(subject) : Signal.Result.TIMEOUT;
        }
        return Signal.Result.TIMEOUT;
    }

    /// The loop's question travels to its witness.
    void ask(SimNode from, Probe probe) {
        if (!net.isOpen(from.name, probe.witness().name()) || net.loses()) return;
        host(probe.witness().name())
                .ifPresent(host -> after(net.delayNanos(), () -> host.prober().ask(from, probe)));
    }

    void leaderDied(SimNode node) {
        mischief.killLeader(node);
    }
}

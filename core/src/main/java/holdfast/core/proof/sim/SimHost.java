package holdfast.core.proof.sim;

import holdfast.core.base.Bytes;
import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.detect.Signal;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Registration;
import holdfast.core.healing.isolate.Action;
import holdfast.core.healing.isolate.FenceGate;
import holdfast.core.healing.isolate.Step;
import holdfast.core.truth.Command;
import holdfast.core.truth.Event;
import holdfast.core.truth.KeyValue;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// A machine with its agent and processes. The gate's fence and the ids of done actions lie on its disk and
/// survive the agent; processes survive the agent, not the machine.
final class SimHost {
    static final long TTL_MILLIS = 2_000;

    private static final long MILLI_NANOS = 1_000_000;
    private static final long TICK_NANOS = 50 * MILLI_NANOS;
    private static final long RENEW_NANOS = 500 * MILLI_NANOS;

    final NodeId name;
    final String address;

    private final World world;
    private final SimLedger ledger;
    private final long driftPerMillion;
    private boolean powered = true;
    private boolean agentAlive;
    private boolean frozen;
    private long generation;
    private final SortedMap<Part.Instance, SimProcess> processes = new TreeMap<>();
    private FenceGate gate = new FenceGate(Fence.NONE);
    private Fence gateOnDisk = Fence.NONE;
    private final SortedSet<String> doneOnDisk = new TreeSet<>();
    private long lease;
    private boolean registering;
    private long registration;
    private long renewedNanos;
    private long triedRenewNanos;
    private final SimSender sender;
    private final SimProber prober;
    private @Nullable Runnable watch;

    SimHost(World world, SimLedger ledger, NodeId name, String address) {
        this.world = world;
        this.ledger = ledger;
        this.name = name;
        this.address = address;
        this.sender = new SimSender(world, name);
        this.prober = new SimProber(world, this, sender);
        this.driftPerMillion = world.dice().between(-200, 200);
    }

    private long clock() {
        return world.now() + world.now() / 1_000_000 * driftPerMillion;
    }

    SimProber prober() {
        return prober;
    }

    /// Grows with each start and end of the agent: what was begun before is not gone on with.
    long generation() {
        return generation;
    }

    boolean isAgentRunning() {
        return powered && agentAlive && !frozen;
    }

    boolean hasOpenPort() {
        return powered && agentAlive;
    }

    boolean isPowered() {
        return powered;
    }

    boolean isFrozen() {
        return frozen;
    }

    boolean isRegistered() {
        return registration != 0;
    }

    Optional<SimProcess> process(Part.Instance instance) {
        return Optional.ofNullable(processes.get(instance)).filter(SimProcess::isAlive);
    }

    List<SimProcess> alive() {
        return processes.values().stream().filter(SimProcess::isAlive).toList();
    }

    // --- what faults do

    void startAgent() {
        powered = true;
        agentAlive = true;
        frozen = false;
        generation++;
        sender.start();
        gate = new FenceGate(gateOnDisk);
        if (world.has(Bug.FORGET_DONE)) doneOnDisk.clear();
        forgetLease();
    }

    void killAgent() {
        agentAlive = false;
        generation++;
        forgetLease();
        sender.stop(true);
    }

    void killAll() {
        killAgent();
        processes.values().forEach(process -> process.state = SimProcess.State.DEAD);
        processes.clear();
    }

    void powerOff() {
        agentAlive = false;
        powered = false;
        generation++;
        forgetLease();
        sender.stop(false);
        processes.values().forEach(process -> process.state = SimProcess.State.DEAD);
        processes.clear();
    }

    void freeze(boolean on) {
        frozen = on;
    }

    void kill(Part.Instance instance, int status) {
        process(instance).ifPresent(process -> end(process, status));
    }

    void revokeLease() {
        if (lease != 0) world.store().revoke(lease);
    }

    // --- the agent

    private void forgetLease() {
        lease = 0;
        registration = 0;
        registering = false;
        Runnable present = watch;
        watch = null;
        if (present != null) present.run();
    }

    void begin() {
        world.every(TICK_NANOS, this::tick);
    }

    private void tick() {
        if (!isAgentRunning()) return;
        keepLease();
        sender.tick(clock(), processes.values());
        prober.tick(clock());
    }

    private void keepLease() {
        // Renewed by a former agent counts as well: the date lies on the disk.
        long sinceNanos = clock() - renewedNanos;
        boolean holds = !world.has(Bug.SERVE_WITHOUT_LEASE);
        if (lease == 0) {
            if (holds && sinceNanos > TTL_MILLIS * MILLI_NANOS * 4 / 5) hold();
            register();
            return;
        }
        // A fifth is left for clocks that run at another speed and for the time that freezing takes.
        if (sinceNanos > TTL_MILLIS * MILLI_NANOS * 4 / 5) {
            if (holds) hold();
            if (sinceNanos > 2 * TTL_MILLIS * MILLI_NANOS) forgetLease();
        }
        if (clock() - triedRenewNanos < RENEW_NANOS) return;
        triedRenewNanos = clock();
        long begun = clock();
        long mine = generation;
        long own = lease;
        world.store().call(name.name(), () -> world.store().renew(own), reply -> {
            if (mine != generation || !isAgentRunning() || own != lease || reply.isEmpty()) return;
            if (reply.get()) {
                renewedNanos = begun;
                if (clock() - renewedNanos < TTL_MILLIS * MILLI_NANOS / 2) reconcile();
            } else {
                if (holds) hold();
                forgetLease();
            }
        });
    }

    private boolean hasLease() {
        return registration != 0 && clock() - renewedNanos <= TTL_MILLIS * MILLI_NANOS * 4 / 5;
    }

    /// Without a lease: nobody may be served.
    private void hold() {
        for (SimProcess process : alive())
            if (process.state == SimProcess.State.RUNNING) process.state = SimProcess.State.HELD;
    }

    private void register() {
        if (registering) return;
        registering = true;
        long mine = generation;
        long begun = clock();
        world.store()
                .call(
                        name.name(),
                        () -> {
                            long id = world.store().nextLease();
                            String key = "hosts/" + name;
                            Registration own = new Registration(
                                    name,
                                    address,
                                    address + ":7000",
                                    sender.incarnation(),
                                    0,
                                    TTL_MILLIS * MILLI_NANOS);
                            world.store().apply(new Command.LeaseGrant(id, TTL_MILLIS));
                            world.store()
                                    .apply(new Command.DeleteRange(
                                            holdfast.core.base.KeyRange.single(Bytes.utf8(key)), false));
                            world.store()
                                    .apply(new Command.Put(
                                            Bytes.utf8(key), world.vault().put(own), id, false, false, false));
                            return List.of(id, world.store().revision());
                        },
                        reply -> {
                            if (mine != generation) return;
                            registering = false;
                            if (!isAgentRunning() || reply.isEmpty()) return;
                            lease = reply.get().get(0);
                            registration = reply.get().get(1);
                            renewedNanos = begun;
                            triedRenewNanos = begun;
                            reconcile();
                            watchOrders(registration);
                        });
    }

    /// Mine still: go on. Somebody else's now: end it.
    private void reconcile() {
        long mine = generation;
        long begun = clock();
        world.store().call(name.name(), () -> ledger.all("instances/", Assignment.class), reply -> {
            if (mine != generation || !isAgentRunning() || reply.isEmpty() || !hasLease()) return;
            if (clock() - begun > 500 * MILLI_NANOS) return; // an old answer
            for (SimProcess process : alive()) {
                boolean own = reply.get().stream()
                        .anyMatch(assignment -> assignment.instance().equals(process.instance)
                                && assignment.host().equals(name)
                                && assignment.run().equals(process.run)
                                && assignment.desired() == Assignment.Desired.RUN);
                if (!own) end(process, 137);
                else if (process.state == SimProcess.State.HELD) process.state = SimProcess.State.RUNNING;
            }
        });
    }

    private void watchOrders(long revision) {
        String prefix = "orders/" + name + "/";
        long mine = generation;
        watch = world.store().watch(name.name(), prefix, revision, events -> {
            if (mine == generation && isAgentRunning()) orders(events);
        });
        world.store().call(name.name(), () -> world.store().prefix(prefix), reply -> {
            if (mine != generation || !isAgentRunning() || reply.isEmpty()) return;
            for (KeyValue pair : reply.get()) take(world.vault().get(pair.value(), Action.class));
        });
    }

    private void orders(List<Event> events) {
        for (Event event : events) {
            if (event.kind() == Event.Kind.PUT)
                take(world.vault().get(event.now().value(), Action.class));
        }
    }

    private void take(Action action) {
        long mine = generation;
        // Orders are taken up by threads of their own: two of them may change places, and one may be late by seconds.
        long mostNanos = world.dice().oneIn(8) ? 4_000 * MILLI_NANOS : 60 * MILLI_NANOS;
        world.after(world.dice().between(MILLI_NANOS, mostNanos), () -> consider(action, mine));
        if (world.has(Bug.FORGET_DONE)) world.after(300 * MILLI_NANOS, () -> consider(action, mine));
    }

    /// The gate first; then only while the ledger still names this action for its instance.
    private void consider(Action action, long mine) {
        if (mine != generation || !isAgentRunning() || !hasLease()) return;
        if (doneOnDisk.contains(action.id()) && !world.has(Bug.FORGET_DONE)) return;
        Optional<Reason> refused = world.has(Bug.GATE_OPEN) ? Optional.empty() : gate.admit(action.fence());
        if (refused.isPresent()) {
            answer(action, new Outcome.Refused(refused.get()), 0);
            return;
        }
        gateOnDisk = gate.highest();
        world.judge().admitted(name, action.fence());
        world.store().call(name.name(), () -> ledger.assignment(action.step().instance()), reply -> {
            if (mine != generation || !isAgentRunning() || !hasLease() || reply.isEmpty()) return;
            boolean present = reply.get()
                    .filter(assignment -> assignment.run().equals(action.id()))
                    .isPresent();
            if (present) carryOut(action, mine);
            else
                answer(
                        action,
                        new Outcome.Refused(new Reason("superseded", "The ledger names another run by now.")),
                        0);
        });
    }

    private void carryOut(Action action, long mine) {
        if (doneOnDisk.contains(action.id()) && !world.has(Bug.FORGET_DONE)) return;
        doneOnDisk.add(action.id());
        world.judge().executed(name, action);
        process(action.step().instance()).ifPresent(process -> end(process, 137));
        switch (action.step()) {
            case Step.Stop _ -> answer(action, new Outcome.Done(0), 0);
            case Step.Start(Assignment assignment, boolean _) -> {
                long delayNanos = world.dice().between(5 * MILLI_NANOS, 120 * MILLI_NANOS);
                world.after(delayNanos, () -> start(action, assignment, mine));
            }
        }
    }

    private void start(Action action, Assignment assignment, long mine) {
        if (mine != generation || !isAgentRunning()) return;
        SimProcess.Nature nature =
                SimProcess.Nature.valueOf(assignment.spec().command().getLast());
        long wellFromNanos = world.now() + world.dice().between(100 * MILLI_NANOS, 1_500 * MILLI_NANOS);
        SimProcess process = new SimProcess(assignment, nature, wellFromNanos);
        if (!hasLease()) process.state = SimProcess.State.HELD;
        processes.put(assignment.instance(), process);
        if (nature == SimProcess.Nature.CRASHES) {
            world.after(world.dice().between(50 * MILLI_NANOS, 800 * MILLI_NANOS), () -> end(process, 1));
        }
        answer(action, new Outcome.Done(0), 0);
    }

    private void answer(Action action, Outcome outcome, int tries) {
        long mine = generation;
        long own = registration;
        world.store().call(name.name(), () -> ledger.outcome(name, own, action, outcome), reply -> {
            boolean again = mine == generation && reply.isEmpty() && tries < 5;
            if (again && isAgentRunning()) answer(action, outcome, tries + 1);
        });
    }

    private void end(SimProcess process, int status) {
        if (!process.isAlive()) return;
        process.state = SimProcess.State.DEAD;
        process.status = status;
        if (isAgentRunning()) sender.stream(new Signal.Exited(name, process.instance, process.run, status));
    }

    /// What one finds at `target` on this machine.
    Signal.Result answer(Part subject) {
        if (!powered) return Signal.Result.TIMEOUT;
        return switch (subject) {
            case Part.Host _, Part.Store _ -> hasOpenPort() ? Signal.Result.OK : Signal.Result.REFUSED;
            case Part.Instance instance -> {
                Optional<SimProcess> process = process(instance);
                if (process.isEmpty()) yield Signal.Result.REFUSED;
                boolean silent = frozen || process.get().stuck || process.get().state != SimProcess.State.RUNNING;
                if (silent) yield Signal.Result.TIMEOUT;
                if (world.now() < process.get().wellFromNanos) yield Signal.Result.REFUSED;
                yield process.get().isWell(world.now()) ? Signal.Result.OK : Signal.Result.BAD_ANSWER;
            }
        };
    }
}

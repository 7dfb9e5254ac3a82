package holdfast.core.proof.sim;

import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.healing.HealingLoop;
import holdfast.core.healing.Input;
import holdfast.core.healing.Ledger;
import holdfast.core.healing.LoopConfig;
import holdfast.core.healing.Order;
import holdfast.core.healing.detect.Signal;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Registration;
import holdfast.core.truth.Command;
import holdfast.core.truth.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A server that may lead the loop: campaigns for the leader's key, drives a real [HealingLoop], carries its
/// orders out one after the other, and can be killed or paused between any two of them.
final class SimNode {
    static final long TICK_NANOS = 100_000_000L;

    private static final long TTL_MILLIS = 1_500;
    private static final long LOOK_NANOS = 200_000_000L;
    private static final long RENEW_NANOS = 400_000_000L;
    private static final long MILLI_NANOS = 1_000_000;

    final String name;

    private final World world;
    private final SimLedger ledger;
    private final long offsetNanos;
    private final long driftPerMillion;
    private HealingLoop loop = new HealingLoop(LoopConfig.DEFAULT);
    private List<Input> inputs = new ArrayList<>();
    private final List<Runnable> watches = new ArrayList<>();
    private boolean alive = true;
    private boolean paused;
    private long generation;
    private boolean campaigning;
    private long lease;
    private long renewedNanos;
    private long triedRenewNanos;
    private boolean renewing;
    private boolean reading;
    private long lookedNanos;
    private boolean leading;
    private boolean busy;
    private Fence fence = Fence.NONE;
    private String formerLeader = "";
    private long leaderSeenNanos;
    private int ordersBeforeDeath = -1;

    SimNode(World world, SimLedger ledger, String name) {
        this.world = world;
        this.ledger = ledger;
        this.name = name;
        this.offsetNanos = world.dice().between(1_000_000_000L, 5_000_000_000L);
        this.driftPerMillion = world.dice().between(-200, 200);
    }

    /// This node's own clock: its own start and its own speed.
    private long clock() {
        return offsetNanos + world.now() + world.now() / 1_000_000 * driftPerMillion;
    }

    boolean isLeading() {
        return alive && !paused && leading;
    }

    boolean isAlive() {
        return alive;
    }

    boolean isRunning() {
        return alive && !paused;
    }

    String leaderKey() {
        return "leader/" + Long.toHexString(lease);
    }

    void kill() {
        alive = false;
        reset();
        loop = new HealingLoop(LoopConfig.DEFAULT);
        formerLeader = "";
        world.judge().log(name + " is killed");
    }

    /// Dies after `orders` more orders, and so between two of one turn.
    void killAfter(int orders) {
        ordersBeforeDeath = orders;
    }

    void start() {
        alive = true;
        paused = false;
        ordersBeforeDeath = -1;
    }

    void pause(boolean on) {
        paused = on;
        world.judge().log(name + (on ? " is paused" : " goes on"));
    }

    private void reset() {
        generation++;
        campaigning = false;
        lease = 0;
        renewing = false;
        reading = false;
        leading = false;
        busy = false;
        inputs = new ArrayList<>();
        watches.forEach(Runnable::run);
        watches.clear();
    }

    /// Heard from an agent; lost when this node does not lead.
    void hear(Signal signal) {
        if (alive && leading && !isDeaf(signal)) inputs.add(new Input.Heard(signal));
    }

    private boolean isDeaf(Signal signal) {
        boolean late = world.has(Bug.DEAF) && world.now() > 8_000 * MILLI_NANOS;
        return late
                && (signal instanceof Signal.Exited
                        || signal instanceof Signal.Probed
                        || signal instanceof Signal.Roster);
    }

    void tick() {
        if (!alive || paused) return;
        if (lease == 0) {
            campaign();
            return;
        }
        renew();
        if (world.now() - renewedNanos > TTL_MILLIS * MILLI_NANOS) {
            stepDown("its lease ran out on its own clock");
            return;
        }
        if (!leading) lookForLeader();
        else if (!busy) turn();
    }

    private void campaign() {
        if (campaigning) return;
        campaigning = true;
        long mine = generation;
        long begunNanos = world.now();
        world.store()
                .call(
                        name,
                        () -> {
                            long id = world.store().nextLease();
                            world.store().apply(new Command.LeaseGrant(id, TTL_MILLIS));
                            String key = "leader/" + Long.toHexString(id);
                            world.store()
                                    .apply(new Command.Put(
                                            holdfast.core.base.Bytes.utf8(key),
                                            world.vault().put(name),
                                            id,
                                            false,
                                            false,
                                            false));
                            return id;
                        },
                        reply -> {
                            if (mine != generation) return;
                            campaigning = false;
                            if (reply.isEmpty()) return;
                            lease = reply.get();
                            renewedNanos = begunNanos;
                            triedRenewNanos = begunNanos;
                        });
    }

    private void renew() {
        if (renewing || world.now() - triedRenewNanos < RENEW_NANOS) return;
        renewing = true;
        triedRenewNanos = world.now();
        long mine = generation;
        long begunNanos = world.now();
        world.store().call(name, () -> world.store().renew(lease), reply -> {
            if (mine != generation || paused) {
                renewing = false;
                return;
            }
            renewing = false;
            if (reply.isEmpty()) return;
            if (reply.get()) renewedNanos = begunNanos;
            else stepDown("its lease is gone");
        });
    }

    /// What a candidate reads in one request: who leads, and everything when it is itself.
    private record Look(String leader, long epoch, Optional<Ledger> ledger, long revision) {}

    private void lookForLeader() {
        if (reading || world.now() - lookedNanos < LOOK_NANOS) return;
        lookedNanos = world.now();
        reading = true;
        long mine = generation;
        world.store().call(name, this::look, reply -> {
            if (mine != generation || !alive) return;
            reading = false;
            if (reply.isEmpty() || paused) return;
            Look look = reply.get();
            if (look.ledger().isPresent()) elected(look, look.ledger().get());
            else if (!look.leader().isEmpty()) {
                formerLeader = look.leader();
                leaderSeenNanos = world.now();
            }
        });
    }

    private Look look() {
        var first = world.store().prefix("leader/").stream()
                .min((left, right) -> Long.compare(left.createRevision(), right.createRevision()));
        if (first.isEmpty()) return new Look("", 0, Optional.empty(), 0);
        String leader = world.vault().get(first.get().value(), String.class);
        boolean own = first.get().key().utf8().equals(leaderKey());
        return new Look(
                leader,
                first.get().createRevision(),
                own ? Optional.of(ledger.read()) : Optional.empty(),
                world.store().revision());
    }

    private void elected(Look look, Ledger restored) {
        leading = true;
        fence = new Fence(look.epoch());
        world.judge().log(name + " leads with epoch " + look.epoch());
        long leaderlessNanos = formerLeader.isEmpty() || formerLeader.equals(name) ? 0 : world.now() - leaderSeenNanos;
        long wallMillisAtZero = world.wallMillis() - clock() / MILLI_NANOS;
        inputs.add(new Input.Elected(
                fence, restored, wallMillisAtZero, name, leaderlessNanos == 0 ? "" : formerLeader, leaderlessNanos));
        long from = look.revision();
        watches.add(world.store().watch(name, "outcomes/", from, this::outcomes));
        watches.add(world.store().watch(name, "hosts/", from, this::hosts));
        watches.add(world.store().watch(name, "fleet", from, this::fleet));
        turn();
    }

    private void outcomes(List<Event> events) {
        for (Event event : events) {
            if (event.kind() == Event.Kind.DELETE) continue;
            Outcome outcome = world.vault().get(event.now().value(), Outcome.class);
            inputs.add(new Input.Reported(SimLedger.last(event.now().key()), outcome));
        }
    }

    private void hosts(List<Event> events) {
        for (Event event : events) {
            NodeId host = new NodeId(SimLedger.last(event.now().key()));
            inputs.add(new Input.Changed(
                    switch (event.kind()) {
                        case PUT ->
                            new Input.News.HostRegistered(Records.withRevision(
                                    world.vault().get(event.now().value(), Registration.class),
                                    event.now().createRevision()));
                        case DELETE -> new Input.News.HostGone(host, event.now().modRevision());
                    }));
        }
    }

    private void fleet(List<Event> events) {
        for (Event event : events) {
            Fleet fleet = world.vault().get(event.now().value(), Fleet.class);
            inputs.add(new Input.Changed(
                    new Input.News.FleetApplied(fleet, event.now().modRevision())));
        }
    }

    private void turn() {
        List<Input> taken = inputs;
        inputs = new ArrayList<>();
        List<Order> orders = loop.step(taken, clock());
        if (orders.isEmpty()) return;
        busy = true;
        carryOut(world.has(Bug.ACT_BEFORE_JOURNAL) ? actsFirst(orders) : orders, 0, generation);
    }

    private static List<Order> actsFirst(List<Order> orders) {
        List<Order> turned = new ArrayList<>(
                orders.stream().filter(Order.Act.class::isInstance).toList());
        turned.addAll(
                orders.stream().filter(order -> !(order instanceof Order.Act)).toList());
        return turned;
    }

    private void carryOut(List<Order> orders, int from, long mine) {
        if (mine != generation || !alive) return;
        if (paused) {
            // The thread stands still in the middle of its turn and goes on when it wakes.
            world.after(TICK_NANOS, () -> carryOut(orders, from, mine));
            return;
        }
        int index = from;
        while (index < orders.size() && orders.get(index) instanceof Order.Ask(var probe)) {
            world.ask(this, probe);
            index++;
        }
        if (index == orders.size()) {
            busy = false;
            return;
        }
        if (ordersBeforeDeath >= 0 && ordersBeforeDeath-- == 0) {
            world.leaderDied(this);
            return;
        }
        int present = index;
        Order order = orders.get(present);
        String key = leaderKey();
        Fence own = fence;
        world.store()
                .call(
                        name,
                        () -> switch (order) {
                            case Order.Journal journal -> ledger.journal(key, own, journal);
                            case Order.Act(var action) -> ledger.act(key, own, action);
                            case Order.Ask _ -> true;
                        },
                        reply -> {
                            if (mine != generation || !alive) return;
                            if (reply.isPresent() && reply.get()) carryOut(orders, present + 1, mine);
                            else stepDown(reply.isPresent() ? "its key is gone" : "a write is unknown");
                        });
    }

    private void stepDown(String why) {
        if (leading) world.judge().log(name + " steps down: " + why);
        loop.step(List.of(new Input.Deposed()), clock());
        long old = lease;
        reset();
        if (old != 0)
            world.store()
                    .call(
                            name,
                            () -> {
                                world.store().revoke(old);
                                return true;
                            },
                            _ -> {});
    }
}

package holdfast.core.proof.sim;

import holdfast.core.base.Dice;
import holdfast.core.healing.fleet.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Throws the scenario's faults at times that the dice choose, undoes each after a while, and at last undoes
/// everything.
final class Mischief {
    private static final long MILLI_NANOS = 1_000_000;
    private static final long FIRST_NANOS = 6_000 * MILLI_NANOS;
    private static final long LAST_NANOS = 28_000 * MILLI_NANOS;

    private final World world;
    private final Scenario scenario;
    private final Dice dice;
    private final List<World.Hurt> hurts = new ArrayList<>();
    private int version = 1;
    private boolean bad;
    private boolean over;

    Mischief(World world, Scenario scenario) {
        this.world = world;
        this.scenario = scenario;
        this.dice = world.dice().split();
    }

    void begin() {
        for (int count = 0; count < scenario.faults(); count++) {
            Scenario.FaultKind kind = dice.pick(scenario.kinds());
            world.after(dice.between(FIRST_NANOS, LAST_NANOS), () -> hurt(kind));
        }
        world.after(scenario.faults() == 0 ? 3 * FIRST_NANOS : LAST_NANOS + 8_000 * MILLI_NANOS, this::undoAll);
    }

    boolean isOver() {
        return over;
    }

    List<World.Hurt> hurts() {
        return List.copyOf(hurts);
    }

    private void record(Scenario.FaultKind kind, Part subject) {
        hurts.add(new World.Hurt(kind, subject, world.wallMillis()));
    }

    private void later(long leastMillis, long mostMillis, Runnable undo) {
        world.after(dice.between(leastMillis * MILLI_NANOS, mostMillis * MILLI_NANOS), () -> {
            if (!over) undo.run();
        });
    }

    private void hurt(Scenario.FaultKind kind) {
        if (over) return;
        world.judge().log("fault " + kind);
        SimHost host = dice.pick(world.hosts());
        Part subject = switch (kind) {
            case KILL_HOST, POWER_OFF, FREEZE_HOST, CUT_HOST, CUT_ONE_WAY, KILL_AGENT -> new Part.Host(host.name);
            case KILL_INSTANCE, FREEZE_INSTANCE, FAIL_INSTANCE, BAD_DEPLOY, GOOD_DEPLOY -> new Part.Instance("any", 1);
            case KILL_LEADER, KILL_LEADER_MID_TURN, PAUSE_LEADER -> new Part.Store();
        };
        record(kind, subject);
        switch (kind) {
            case KILL_INSTANCE -> victim().ifPresent(found -> found.host().kill(found.process().instance, 137));
            case FREEZE_INSTANCE -> victim().ifPresent(this::freeze);
            case FAIL_INSTANCE ->
                victim().ifPresent(found -> found.process().failing =
                        !found.process().instance.service().equals("worker"));
            case KILL_HOST -> {
                host.killAll();
                later(3_000, 15_000, host::startAgent);
            }
            case POWER_OFF -> {
                host.powerOff();
                later(3_000, 15_000, host::startAgent);
            }
            case FREEZE_HOST -> {
                host.freeze(true);
                later(500, 10_000, () -> host.freeze(false));
            }
            case CUT_HOST -> cut(host, true);
            case CUT_ONE_WAY -> cut(host, false);
            case KILL_AGENT -> {
                host.killAgent();
                later(300, 12_000, host::startAgent);
            }
            case KILL_LEADER -> leader().ifPresent(this::killLeader);
            case KILL_LEADER_MID_TURN -> leader().ifPresent(node -> node.killAfter(dice.nextInt(4)));
            case PAUSE_LEADER -> leader().ifPresent(this::pause);
            case BAD_DEPLOY -> {
                deploy(dice.oneIn(2) ? "NEVER_WELL" : "CRASHES");
                later(5_000, 20_000, () -> deploy("GOOD"));
            }
            case GOOD_DEPLOY -> deploy("GOOD");
        }
    }

    private void freeze(Victim found) {
        found.process().stuck = true;
        later(3_000, 12_000, () -> found.process().stuck = false);
    }

    private void cut(SimHost host, boolean bothWays) {
        String place = host.name.name();
        for (SimHost other : world.hosts()) cut(other.name.name(), place, bothWays);
        for (SimNode node : world.nodes()) cut(node.name, place, bothWays);
        cut(SimStore.PLACE, place, bothWays);
        later(500, 12_000, () -> world.net().heal(place));
    }

    private void cut(String from, String to, boolean bothWays) {
        world.net().cut(from, to);
        if (bothWays) world.net().cut(to, from);
    }

    void killLeader(SimNode node) {
        node.kill();
        world.store().loseLeader(dice.between(100 * MILLI_NANOS, 500 * MILLI_NANOS));
        later(2_000, 8_000, node::start);
    }

    private void pause(SimNode node) {
        node.pause(true);
        if (dice.oneIn(2)) world.store().loseLeader(dice.between(100 * MILLI_NANOS, 500 * MILLI_NANOS));
        later(200, 8_000, () -> node.pause(false));
    }

    private void deploy(String nature) {
        bad = !nature.equals("GOOD");
        if (bad || dice.oneIn(3)) version++;
        world.apply(Fleets.shop(scenario.hosts(), nature, bad ? version : 1));
        world.judge().log("deploys " + nature);
    }

    private Optional<SimNode> leader() {
        return world.nodes().stream().filter(SimNode::isLeading).findFirst();
    }

    private record Victim(SimHost host, SimProcess process) {}

    private Optional<Victim> victim() {
        List<Victim> victims = world.hosts().stream()
                .flatMap(host -> host.alive().stream().map(process -> new Victim(host, process)))
                .toList();
        return victims.isEmpty() ? Optional.empty() : Optional.of(dice.pick(victims));
    }

    private void undoAll() {
        over = true;
        world.judge().log("all faults end");
        for (SimHost host : world.hosts()) {
            world.net().heal(host.name.name());
            if (!host.hasOpenPort()) host.startAgent();
            host.freeze(false);
            for (SimProcess process : host.alive()) process.stuck = false;
        }
        for (SimNode node : world.nodes()) {
            if (!node.isAlive()) node.start();
            node.pause(false);
        }
        if (bad) deploy("GOOD");
    }
}

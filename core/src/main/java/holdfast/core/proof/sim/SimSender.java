package holdfast.core.proof.sim;

import holdfast.core.base.NodeId;
import holdfast.core.healing.detect.Signal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The part of an agent that talks to the loop: heartbeats to whoever leads, and one stream to the leader that it
/// found.
final class SimSender {
    private static final long MILLI_NANOS = 1_000_000;
    private static final long HEARTBEAT_NANOS = 250 * MILLI_NANOS;
    private static final long ROSTER_NANOS = 1_000 * MILLI_NANOS;

    private final World world;
    private final NodeId name;
    private long incarnation;
    private long sequence;
    private long heartbeatNanos;
    private long rosterNanos;
    private @Nullable SimNode attachedTo;

    SimSender(World world, NodeId name) {
        this.world = world;
        this.name = name;
    }

    long incarnation() {
        return incarnation;
    }

    void start() {
        incarnation++;
        sequence = 0;
    }

    /// @param loudly whether the kernel still closes the stream, so that the leader is told
    void stop(boolean loudly) {
        SimNode leader = attachedTo;
        attachedTo = null;
        if (loudly && leader != null) say(leader, new Signal.Detached(name, "connection reset"));
    }

    boolean isAttachedTo(SimNode node) {
        return attachedTo == node;
    }

    void tick(long clockNanos, Collection<SimProcess> processes) {
        attach(processes);
        if (clockNanos - heartbeatNanos >= HEARTBEAT_NANOS) {
            heartbeatNanos = clockNanos;
            sequence++;
            for (SimNode node : world.nodes()) {
                if (node.isLeading()) say(node, new Signal.Heartbeat(name, incarnation, sequence, 0));
            }
        }
        if (clockNanos - rosterNanos >= ROSTER_NANOS) {
            rosterNanos = clockNanos;
            roster(processes);
        }
    }

    /// Over the stream: only to whom it is attached, and only while packets go both ways.
    void stream(Signal signal) {
        SimNode leader = attachedTo;
        if (leader != null && world.net().isOpen(leader.name, name.name())) say(leader, signal);
    }

    private void say(SimNode node, Signal signal) {
        if (!world.net().isOpen(name.name(), node.name) || world.net().loses()) return;
        world.after(world.net().delayNanos(), () -> node.hear(signal));
        if (world.dice().oneIn(200)) world.after(world.net().delayNanos() * 3, () -> node.hear(signal));
    }

    private void attach(Collection<SimProcess> processes) {
        SimNode present = attachedTo;
        if (present != null && present.isLeading()) return;
        attachedTo = null;
        for (SimNode node : world.nodes()) {
            if (node.isLeading() && world.net().isOpenBothWays(name.name(), node.name)) {
                attachedTo = node;
                say(node, new Signal.Attached(name, incarnation));
                roster(processes);
            }
        }
    }

    private void roster(Collection<SimProcess> processes) {
        List<Signal.Supervised> list = new ArrayList<>();
        for (SimProcess process : processes) {
            list.add(new Signal.Supervised(
                    process.instance,
                    process.run,
                    switch (process.state) {
                        case RUNNING -> Signal.Supervised.State.RUNNING;
                        case HELD -> Signal.Supervised.State.FROZEN;
                        case DEAD -> Signal.Supervised.State.EXITED;
                    },
                    process.status));
        }
        stream(new Signal.Roster(name, incarnation, list));
    }
}

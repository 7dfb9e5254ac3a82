package holdfast.core.proof.sim;

import holdfast.core.healing.detect.Probe;
import holdfast.core.healing.detect.Signal;
import holdfast.core.healing.detect.Watchers;
import holdfast.core.healing.fleet.Part;
import java.util.SortedMap;
import java.util.TreeMap;

/// The part of an agent that knocks: routinely at what it watches, and wherever the loop asks.
final class SimProber {
    private final World world;
    private final SimHost host;
    private final SimSender sender;
    private final SortedMap<Part.Instance, Long> probedNanos = new TreeMap<>();

    SimProber(World world, SimHost host, SimSender sender) {
        this.world = world;
        this.host = host;
        this.sender = sender;
    }

    void tick(long clockNanos) {
        for (Watchers.Routine routine : world.routine(host.name)) {
            Part.Instance key = routine.instance();
            long everyNanos = routine.spec().timing().every().toNanos();
            Long last = probedNanos.get(key);
            if (last == null) last = clockNanos - world.dice().nextLong(everyNanos);
            if (clockNanos - last < everyNanos) {
                probedNanos.putIfAbsent(key, last);
                continue;
            }
            probedNanos.put(key, clockNanos);
            long timeoutNanos = routine.spec().timing().timeout().toNanos();
            knock(new Probe("", host.name, key, routine.check(), routine.target(), timeoutNanos));
        }
    }

    /// A question from the loop.
    void ask(SimNode from, Probe probe) {
        if (host.isAgentRunning() && sender.isAttachedTo(from)) knock(probe);
    }

    private void knock(Probe probe) {
        long delay = world.net().delayNanos();
        long mine = host.generation();
        world.after(delay, () -> {
            Signal.Result result = world.net().loses()
                    ? Signal.Result.TIMEOUT
                    : world.knock(host.name, probe.target(), probe.subject());
            long rest = result == Signal.Result.TIMEOUT
                    ? Math.max(0, probe.timeoutNanos() - delay)
                    : world.net().delayNanos();
            world.after(rest, () -> {
                if (mine != host.generation() || !host.isAgentRunning()) return;
                sender.stream(new Signal.Probed(
                        host.name,
                        probe.subject(),
                        probe.check(),
                        probe.target(),
                        result,
                        "",
                        delay + rest,
                        0,
                        probe.id()));
            });
        });
    }
}

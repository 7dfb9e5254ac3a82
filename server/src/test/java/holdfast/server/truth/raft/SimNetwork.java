package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/// Links between members, one for each direction: they lose, delay, double, reorder, hold and cut.
final class SimNetwork {
    private static final long MICRO = 1_000;

    private final SimWorld world;
    private final Dice dice;
    private final TreeSet<Long> cut = new TreeSet<>();
    private final TreeMap<Long, List<Runnable>> held = new TreeMap<>();
    private int loseOneIn; // 0 is never
    private int doubleOneIn;
    private int spikeOneIn;

    SimNetwork(SimWorld world, Dice dice) {
        this.world = world;
        this.dice = dice;
    }

    /// Each 0 for never.
    void trouble(int lose, int twice, int spike) {
        loseOneIn = lose;
        doubleOneIn = twice;
        spikeOneIn = spike;
    }

    private static long link(int from, int to) {
        return ((long) from << 32) | to;
    }

    void cut(int from, int to) {
        cut.add(link(from, to));
    }

    void join(int from, int to) {
        cut.remove(link(from, to));
    }

    /// Keeps what is sent from now on until [#release].
    void hold(int from, int to) {
        held.putIfAbsent(link(from, to), new ArrayList<>());
    }

    void release(int from, int to) {
        List<Runnable> kept = held.remove(link(from, to));
        if (kept != null) kept.forEach(each -> world.after(latency(), each));
    }

    void heal() {
        cut.clear();
        for (Long each : List.copyOf(held.keySet())) release((int) (each >> 32), each.intValue());
        trouble(0, 0, 0);
    }

    boolean isCut(int from, int to) {
        return cut.contains(link(from, to));
    }

    private boolean strikes(int oneIn) {
        return oneIn > 0 && dice.oneIn(oneIn);
    }

    private long latency() {
        long spike = strikes(spikeOneIn) ? dice.nextLong(60_000 * MICRO) : 0;
        return dice.between(50 * MICRO, 600 * MICRO) + spike;
    }

    /// @param delayNanos how long the sender still works before the message leaves
    void send(int from, int to, EngineMessage message, long delayNanos) {
        Runnable arrive = () -> world.deliver(from, to, message);
        List<Runnable> kept = held.get(link(from, to));
        if (isCut(from, to) || strikes(loseOneIn)) return;
        if (kept != null) {
            kept.add(arrive);
            return;
        }
        world.after(delayNanos + latency(), arrive);
        boolean mayDouble = message instanceof EngineMessage.Raft;
        if (mayDouble && strikes(doubleOneIn)) world.after(delayNanos + latency() + latency(), arrive);
    }
}

package holdfast.core.healing.recover.failover;

import holdfast.core.base.NodeId;
import org.jspecify.annotations.Nullable;

/// A host: its server, its agent while that lives, the guard of each agent that was, and what is on its disk.
final class SimHost {
    /// Kills the server at a moment, unless it is told a later one.
    static final class Guard {
        long atMillis;
        long life = -1; // of the server, -1 for none
    }

    final NodeId id;
    final SimServer server;
    SimSetting setting = new SimSetting();

    @Nullable
    SimAgent agent;

    /// When it last went on after it had stood still.
    long wokenMillis;

    private final FailoverWorld world;
    private boolean on = true;
    private long boot;
    private long frozenUntilMillis;
    private @Nullable Guard former;

    SimHost(FailoverWorld world, NodeId id) {
        this.world = world;
        this.id = id;
        this.server = new SimServer(world, this);
    }

    boolean runs() {
        return on && world.nowMillis >= frozenUntilMillis;
    }

    /// Something on this host, when it runs, unless it was restarted by then.
    void beside(long inMillis, Runnable deed) {
        long of = boot;
        world.at(inMillis, () -> {
            if (boot != of) return;
            long left = frozenUntilMillis - world.nowMillis;
            if (left > 0) beside(left + world.dice.nextLong(20), deed);
            else deed.run();
        });
    }

    void wake() {
        if (agent != null) agent.wake();
    }

    // ---- what happens to it ----

    void start() {
        on = true;
        startAgent();
    }

    void startAgent() {
        if (!on || agent != null) return;
        agent = new SimAgent(world, this);
        agent.start();
    }

    void killAgent() {
        if (agent == null) return;
        world.trace(() -> id + "'s agent is killed");
        former = agent.guard;
        agent.end();
        agent = null;
    }

    void killWhole(long lengthMillis) {
        if (!on) return;
        world.trace(() -> id + " is killed for " + lengthMillis);
        if (agent != null) agent.end();
        agent = null;
        former = null;
        server.kill();
        on = false;
        boot++;
        frozenUntilMillis = 0;
        world.at(lengthMillis, this::start);
    }

    void freeze(long lengthMillis) {
        if (!on) return;
        world.trace(() -> id + " stands still for " + lengthMillis);
        frozenUntilMillis = Math.max(frozenUntilMillis, world.nowMillis + lengthMillis);
        wokenMillis = frozenUntilMillis;
    }

    // ---- guards ----

    void arm(Guard guard, long atMillis, long life) {
        Guard other = former;
        if (other != null && other != guard && life >= 0 && atMillis > world.nowMillis) {
            other.life = -1; // ours knows better
            former = null;
        }
        if (guard.atMillis == atMillis && guard.life == life) return;
        guard.atMillis = atMillis;
        guard.life = life;
        if (life >= 0)
            beside(atMillis - world.nowMillis, () -> {
                boolean woken = world.nowMillis - wokenMillis < 30;
                beside(woken ? world.dice.nextLong(FailoverWorld.WAKE_MILLIS - 50) : 0, () -> strike(guard));
            });
    }

    private void strike(Guard guard) {
        if (guard.life != server.life || guard.atMillis > world.nowMillis || !server.runs()) return;
        if (world.bug == FailoverWorld.Bug.NO_GUARD) return;
        world.trace(() -> id + "'s guard strikes");
        server.kill();
    }
}

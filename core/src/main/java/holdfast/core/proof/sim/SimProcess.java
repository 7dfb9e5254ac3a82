package holdfast.core.proof.sim;

import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Part;

/// One process of one run.
final class SimProcess {
    enum State {
        RUNNING,
        /// Stopped by its own agent, for want of a lease.
        HELD,
        DEAD
    }

    /// How a spec's process behaves; the simulated owner writes it as the command's second word.
    enum Nature {
        GOOD,
        NEVER_WELL,
        CRASHES
    }

    final Part.Instance instance;
    final String run;
    final Nature nature;
    final long wellFromNanos;
    State state = State.RUNNING;
    /// Stopped by a fault.
    boolean stuck;
    /// Answers badly.
    boolean failing;
    int status;

    SimProcess(Assignment assignment, Nature nature, long wellFromNanos) {
        this.instance = assignment.instance();
        this.run = assignment.run();
        this.nature = nature;
        this.wellFromNanos = wellFromNanos;
    }

    boolean isAlive() {
        return state != State.DEAD;
    }

    /// Whether it answers well now.
    boolean isWell(long nowNanos) {
        return state == State.RUNNING && !stuck && !failing && nature == Nature.GOOD && nowNanos >= wellFromNanos;
    }
}

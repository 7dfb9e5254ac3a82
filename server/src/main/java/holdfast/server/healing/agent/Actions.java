package holdfast.server.healing.agent;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.isolate.Action;
import holdfast.core.healing.isolate.Step;
import holdfast.server.base.Threads;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Does what is ordered, each action at most once, behind the fence gate. The order in which things reach the
/// disk: highest fence, begin, (the deed), end; then the outcome goes to the store. Any thread.
final class Actions {
    private static final Logger LOG = LoggerFactory.getLogger(Actions.class);

    private final NodeId host;
    private final AgentMemory memory;
    private final ActionLog log;
    private final Supervisor supervisor;
    private final BooleanSupplier mayAct;
    private final BiConsumer<String, Outcome> report;
    private final Set<String> underWay = ConcurrentHashMap.newKeySet();
    private final String bootNote;

    /// @param mayAct whether this host's lease is sure right now
    /// @param report takes an outcome to the store, in its own time
    Actions(
            NodeId host,
            AgentMemory memory,
            ActionLog log,
            Supervisor supervisor,
            BooleanSupplier mayAct,
            BiConsumer<String, Outcome> report) {
        this.host = host;
        this.memory = memory;
        this.log = log;
        this.supervisor = supervisor;
        this.mayAct = mayAct;
        this.report = report;
        this.bootNote = "incarnation " + memory.incarnation() + " of the agent of " + host;
    }

    /// Takes an order as it was read from the store, new or not. Comes back at once.
    void take(Action action) {
        if (!action.on().equals(host) || !underWay.add(action.id())) return;
        Threads.start("action " + action.id(), () -> {
            try {
                settle(action).ifPresent(outcome -> report.accept(action.id(), outcome));
            } finally {
                underWay.remove(action.id());
            }
        });
    }

    /// What became of it, now or before; empty when it must wait until the lease is sure again.
    private Optional<Outcome> settle(Action action) {
        return switch (log.know(action.id())) {
            case ActionLog.Known.Ended(Outcome outcome) -> Optional.of(outcome);
            case ActionLog.Known.Begun() -> Optional.of(end(action, afterCrash(action)));
            case ActionLog.Known.Never() -> {
                if (!mayAct.getAsBoolean()) {
                    LOG.warn(
                            "Action {} (epoch {}) waits: the lease of {} is in doubt.",
                            action.id(),
                            action.fence().epoch(),
                            host);
                    yield Optional.empty();
                }
                Optional<Reason> refusal = memory.admit(action.fence());
                if (refusal.isPresent()) {
                    LOG.warn(
                            "Refused action {} on {}: {}",
                            action.id(),
                            action.step().instance(),
                            refusal.get());
                    log.begin(action.id());
                    yield Optional.of(end(action, new Outcome.Refused(refusal.get())));
                }
                log.begin(action.id());
                yield Optional.of(end(action, act(action)));
            }
        };
    }

    private Outcome end(Action action, Outcome outcome) {
        log.end(action.id(), outcome);
        LOG.info("Action {} on {}: {}", action.id(), action.step().instance(), outcome);
        return outcome;
    }

    private Outcome act(Action action) {
        return switch (action.step()) {
            case Step.Start(var assignment, boolean graceful) -> supervisor.start(assignment, graceful);
            case Step.Stop(var instance, boolean graceful, long stopWithinNanos) ->
                supervisor.stop(instance, graceful, stopWithinNanos);
        };
    }

    /// An earlier agent began it and died. It is not done again: we look whether it happened.
    private Outcome afterCrash(Action action) {
        boolean happened = switch (action.step()) {
            case Step.Start(var assignment, boolean _) -> supervisor.wasStarted(assignment);
            case Step.Stop(var instance, boolean _, long _) -> !supervisor.runs(instance);
        };
        if (happened) return new Outcome.Done(0);
        return new Outcome.Unknown(new Reason(
                "agent-died",
                "An agent began action %s and died; %s finds no trace of it.".formatted(action.id(), bootNote)));
    }
}

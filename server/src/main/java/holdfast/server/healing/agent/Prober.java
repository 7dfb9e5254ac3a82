package holdfast.server.healing.agent;

import holdfast.core.base.Dice;
import holdfast.core.healing.detect.Probe;
import holdfast.core.healing.detect.Signal;
import holdfast.core.healing.detect.Watchers;
import holdfast.core.healing.detect.Watchers.Routine;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.CheckSpec;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Part;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.healing.sense.Knock;
import holdfast.server.healing.sense.StallMeter;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Makes this host's share of the routine probes, each on a thread of its own at its own pace with some jitter,
/// and answers what the loop asks.
final class Prober implements AutoCloseable {
    private static final int ASKS_MAX = 256;
    private static final int JITTER_SHARE = 10;

    /// How a witness knocks at another agent: a connection alone says little, since the kernel also accepts for a
    /// process that is stopped.
    private static final CheckSpec AGENT_LIVES = new CheckSpec.Http("/livez", CheckSpec.Timing.DEFAULT);

    private final AgentConfig config;
    private final Ticker ticker;
    private final StallMeter stalls;
    private final Knock knock;
    private final Consumer<Signal> tell;
    private final Map<Routine, Thread> routines = new HashMap<>(); // under `this`
    private final SortedMap<Part.Instance, Assignment> assignments = new TreeMap<>(); // under `this`
    private final Semaphore asks = new Semaphore(ASKS_MAX);
    private final Dice dice; // under `this`
    private @Nullable Fleet fleet; // under `this`

    Prober(AgentConfig config, Ticker ticker, StallMeter stalls, Consumer<Signal> tell) {
        this.config = config;
        this.ticker = ticker;
        this.stalls = stalls;
        this.tell = tell;
        this.knock = new Knock(ticker);
        this.dice = new Dice(ticker.bootNanos());
    }

    /// Probes from now on what the fleet and the assignments ask of this host.
    synchronized void learned(@Nullable Fleet applied, Collection<Assignment> all) {
        fleet = applied;
        assignments.clear();
        all.forEach(one -> assignments.put(one.instance(), one));
        List<Routine> wanted = applied == null ? List.of() : Watchers.routine(applied, List.copyOf(all), config.host());
        routines.entrySet().removeIf(entry -> {
            if (wanted.contains(entry.getKey())) return false;
            entry.getValue().interrupt();
            return true;
        });
        for (Routine routine : wanted) {
            if (routine.target().isEmpty()) continue; // listens nowhere
            routines.computeIfAbsent(routine, this::begin);
        }
    }

    private Thread begin(Routine routine) {
        Dice own = dice.split();
        return Threads.start("probe " + routine.instance() + " " + routine.check(), () -> repeat(routine, own));
    }

    private void repeat(Routine routine, Dice own) {
        long everyNanos = routine.spec().timing().every().toNanos();
        try {
            TimeUnit.NANOSECONDS.sleep(own.nextLong(everyNanos));
            while (true) {
                long startNanos = ticker.nanos();
                tell.accept(probe(
                        routine.instance(),
                        routine.check(),
                        routine.spec(),
                        routine.target(),
                        routine.spec().timing().timeout().toNanos(),
                        ""));
                long jitterNanos = own.between(-everyNanos / JITTER_SHARE, everyNanos / JITTER_SHARE);
                TimeUnit.NANOSECONDS.sleep(everyNanos + jitterNanos - (ticker.nanos() - startNanos));
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt(); // no longer wanted
        }
    }

    private Signal probe(Part subject, int check, CheckSpec spec, String target, long limitNanos, String askId) {
        long startBootNanos = ticker.bootNanos();
        Knock.Answer answer = switch (spec) {
            case CheckSpec.Http(String path, CheckSpec.Timing _) -> knock.http(target, path, limitNanos);
            case CheckSpec.Tcp(int _, CheckSpec.Timing _) -> knock.tcp(target, limitNanos);
            case CheckSpec.Exec(List<String> command, CheckSpec.Timing _) ->
                knock.exec(words(subject, command), limitNanos);
        };
        return new Signal.Probed(
                config.host(),
                subject,
                check,
                target,
                answer.result(),
                answer.detail(),
                answer.latencyNanos(),
                stalls.worstSince(startBootNanos),
                askId);
    }

    private synchronized List<String> words(Part subject, List<String> command) {
        Assignment assignment = subject instanceof Part.Instance instance ? assignments.get(instance) : null;
        return assignment == null
                ? command
                : Instances.words(assignment, config).replace(command);
    }

    /// Answers in its own time; dropped when too many are under way.
    void ask(Probe probe) {
        if (!asks.tryAcquire()) return;
        Threads.start("ask " + probe.id(), () -> {
            try {
                CheckSpec spec = probe.subject() instanceof Part.Host
                        ? AGENT_LIVES
                        : check(probe).orElse(new CheckSpec.Tcp(0, CheckSpec.Timing.DEFAULT));
                tell.accept(
                        probe(probe.subject(), probe.check(), spec, probe.target(), probe.timeoutNanos(), probe.id()));
            } finally {
                asks.release();
            }
        });
    }

    private synchronized Optional<CheckSpec> check(Probe probe) {
        if (!(probe.subject() instanceof Part.Instance instance)) return Optional.empty();
        Assignment assignment = assignments.get(instance);
        List<CheckSpec> checks = List.of();
        if (assignment != null) checks = assignment.spec().checks();
        else if (fleet != null) {
            checks = fleet.service(instance.service())
                    .map(service -> service.checks())
                    .orElse(List.of());
        }
        if (probe.check() < 0 || probe.check() >= checks.size()) return Optional.empty();
        return Optional.of(checks.get(probe.check()));
    }

    synchronized int countRoutines() {
        return routines.size();
    }

    @Override
    public synchronized void close() {
        routines.values().forEach(Thread::interrupt);
        routines.clear();
    }
}

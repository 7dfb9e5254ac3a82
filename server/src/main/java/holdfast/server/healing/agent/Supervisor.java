package holdfast.server.healing.agent;

import holdfast.core.base.Bytes;
import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.detect.Signal;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Part;
import holdfast.server.base.SafeFile;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.healing.act.Launcher;
import holdfast.server.healing.act.ProcessFacts;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.ledger.LedgerJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Starts, stops, freezes and watches the processes of this host's instances. They lead sessions of their own
/// and outlive this agent; the next one takes them over by pid and start time. Any thread: actions on one
/// instance wait for each other, a freeze waits for nobody.
final class Supervisor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Supervisor.class);
    private static final long LOOK_NANOS = 50_000_000;
    private static final int LOOKS_PER_BOUND = 100;
    private static final long KILL_LIMIT_NANOS = 5_000_000_000L;

    private final AgentConfig config;
    private final Ticker ticker;
    private final Consumer<Signal> tell;
    private final Path runsFolder;
    private final SortedMap<Part.Instance, Run> runs = new TreeMap<>(); // under `this`
    private final SortedMap<Part.Instance, ReentrantLock> busy = new TreeMap<>(); // under `this`
    private boolean open; // under `this`: whether instances may serve traffic
    private volatile boolean closed;

    private Supervisor(AgentConfig config, Ticker ticker, Consumer<Signal> tell) {
        this.config = config;
        this.ticker = ticker;
        this.tell = tell;
        this.runsFolder = config.dataDir().resolve("runs");
    }

    /// Takes over what an earlier agent left running, as it is: a process that runs goes on.
    static Supervisor open(AgentConfig config, Ticker ticker, Consumer<Signal> tell) throws IOException {
        Supervisor supervisor = new Supervisor(config, ticker, tell);
        Files.createDirectories(supervisor.runsFolder);
        List<Path> files;
        try (Stream<Path> listed = Files.list(supervisor.runsFolder)) {
            files = listed.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
        }
        for (Path file : files) {
            LedgerJson.read(Bytes.wrap(Files.readAllBytes(file)), Run.Facts.class)
                    .ifPresent(supervisor::adopt);
        }
        Threads.start("supervisor", supervisor::lookAround);
        return supervisor;
    }

    private synchronized void adopt(Run.Facts facts) {
        Run run = new Run(facts);
        runs.put(facts.instance(), run);
        if (facts.ended()) return;
        if (run.lives()) {
            boolean stopped =
                    ProcessFacts.of(facts.pid()).filter(ProcessFacts::stopped).isPresent();
            if (stopped) run.freeze();
            LOG.info(
                    "Took over {} (run {}, pid {}){}.",
                    facts.instance(),
                    facts.run(),
                    facts.pid(),
                    stopped ? ", which is stopped" : "");
        } else {
            LOG.info("{} (run {}, pid {}) ended while no agent looked.", facts.instance(), facts.run(), facts.pid());
            ended(run, Run.STATUS_UNSEEN);
        }
    }

    // ---- actions ---------------------------------------------------------------------------------------------------

    /// Ends what runs of the instance, then starts the assignment's run. Done means started, not well.
    Outcome start(Assignment assignment, boolean graceful) {
        ReentrantLock lock = lock(assignment.instance());
        lock.lock();
        try {
            Outcome ended = end(
                    assignment.instance(),
                    graceful,
                    assignment.spec().stopWithin().toNanos());
            return ended instanceof Outcome.Done ? launch(assignment) : ended;
        } finally {
            lock.unlock();
        }
    }

    /// Ends what runs of the instance; nothing there is done.
    Outcome stop(Part.Instance instance, boolean graceful, long stopWithinNanos) {
        ReentrantLock lock = lock(instance);
        lock.lock();
        try {
            return end(instance, graceful, stopWithinNanos);
        } finally {
            lock.unlock();
        }
    }

    private synchronized ReentrantLock lock(Part.Instance instance) {
        return busy.computeIfAbsent(instance, _ -> new ReentrantLock(true));
    }

    private synchronized Optional<Run> run(Part.Instance instance) {
        return Optional.ofNullable(runs.get(instance));
    }

    private Outcome end(Part.Instance instance, boolean graceful, long stopWithinNanos) {
        Optional<Run> found = run(instance).filter(Run::running);
        if (found.isEmpty()) return new Outcome.Done(0);
        Run run = found.get();
        if (graceful && stopWithinNanos > 0) {
            run.send(ProcessSignal.TERM);
            if (run.frozen()) run.send(ProcessSignal.CONTINUE); // a stopped process handles no signal but KILL
            if (awaitEnd(run, stopWithinNanos)) return new Outcome.Done(0);
            LOG.warn("{} did not end within {} ms of SIGTERM: SIGKILL.", instance, stopWithinNanos / 1_000_000);
        }
        run.send(ProcessSignal.KILL);
        if (awaitEnd(run, KILL_LIMIT_NANOS)) return new Outcome.Done(0);
        return new Outcome.Unknown(new Reason(
                "does-not-end",
                "%s (pid %d) still exists %d s after SIGKILL."
                        .formatted(instance, run.facts().pid(), KILL_LIMIT_NANOS / 1_000_000_000)));
    }

    private boolean awaitEnd(Run run, long limitNanos) {
        long deadlineNanos = ticker.bootNanos() + limitNanos;
        while (run.lives()) {
            if (ticker.bootNanos() >= deadlineNanos) return false;
            try {
                TimeUnit.MILLISECONDS.sleep(5);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }

    private Outcome launch(Assignment assignment) {
        String name =
                assignment.instance().service() + "." + assignment.instance().number();
        Path output = config.dataDir().resolve("output");
        Launcher.Launched launched = Launcher.launch(
                assignment.instance().toString(),
                Instances.words(assignment, config).replace(assignment.spec().command()),
                Instances.environment(assignment, config),
                output.resolve(name + ".out"),
                output.resolve(name + ".err"));
        return switch (launched) {
            case Launcher.Launched.Failed(Reason why) -> new Outcome.Refused(why);
            case Launcher.Launched.Started(Process process) -> {
                long ticks = ProcessFacts.of(process.pid())
                        .map(ProcessFacts::startTicks)
                        .orElse(0L);
                Run run =
                        new Run(new Run.Facts(assignment.instance(), assignment.run(), process.pid(), ticks, false, 0));
                began(run);
                Threads.start("wait " + assignment.instance(), () -> await(process, run));
                yield new Outcome.Done(0);
            }
        };
    }

    private synchronized void began(Run run) {
        keep(run);
        runs.put(run.instance(), run);
        LOG.info(
                "Started {} (run {}, pid {}).",
                run.instance(),
                run.id(),
                run.facts().pid());
        if (!open) run.freeze(); // the lease fell into doubt meanwhile
    }

    /// Whether the run was started, even by an agent that died before it could write that down.
    synchronized boolean wasStarted(Assignment assignment) {
        Run known = runs.get(assignment.instance());
        if (known != null && known.id().equals(assignment.run())) return true;
        for (ProcessFacts facts : ProcessFacts.withEnvironment("HOLDFAST_RUN=" + assignment.run())) {
            if (!facts.leadsSession()) continue;
            began(new Run(
                    new Run.Facts(assignment.instance(), assignment.run(), facts.pid(), facts.startTicks(), false, 0)));
            return true;
        }
        return false;
    }

    synchronized boolean runs(Part.Instance instance) {
        Run known = runs.get(instance);
        return known != null && known.running();
    }

    private void await(Process process, Run run) {
        try {
            ended(run, process.waitFor());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void ended(Run run, int status) {
        if (closed || !run.running()) return; // once closed, the next agent takes note
        run.ended(status);
        if (runs.get(run.instance()) == run) keep(run);
        String how = status == Run.STATUS_UNSEEN ? "a status that nobody saw" : "status " + status;
        LOG.info(
                "{} (run {}, pid {}) ended with {}.",
                run.instance(),
                run.id(),
                run.facts().pid(),
                how);
        tell.accept(new Signal.Exited(config.host(), run.instance(), run.id(), status));
    }

    private void keep(Run run) {
        Path file = runsFolder.resolve(
                run.instance().service() + "." + run.instance().number() + ".json");
        try {
            SafeFile.write(file, LedgerJson.write(run.facts()).unsafeArray());
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot remember " + run.instance() + " on disk", failed);
        }
    }

    /// Watches processes that are not our children, and the size of what the instances say.
    private void lookAround() {
        for (long look = 0; !closed; look++) {
            try {
                TimeUnit.NANOSECONDS.sleep(LOOK_NANOS);
            } catch (InterruptedException _) {
                return;
            }
            List<Run> gone;
            synchronized (this) {
                gone = runs.values().stream()
                        .filter(run -> run.running() && !run.lives())
                        .toList();
            }
            // A child of ours is reaped by its own thread, which knows the status: give it a moment.
            for (Run run : gone)
                if (!ProcessHandle.of(run.facts().pid()).map(this::ours).orElse(false)) unseen(run);
            if (look % LOOKS_PER_BOUND == 0) boundOutput();
        }
    }

    private boolean ours(ProcessHandle handle) {
        return handle.parent()
                .filter(parent -> parent.pid() == ProcessHandle.current().pid())
                .isPresent();
    }

    private void unseen(Run run) {
        try {
            TimeUnit.NANOSECONDS.sleep(LOOK_NANOS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        ended(run, Run.STATUS_UNSEEN);
    }

    private void boundOutput() {
        Path output = config.dataDir().resolve("output");
        if (!Files.isDirectory(output)) return;
        try (Stream<Path> files = Files.list(output)) {
            for (Path file : files.toList()) {
                if (!file.toString().endsWith(".1")) Launcher.bound(file, config.outputBytesMax());
            }
        } catch (IOException failed) {
            LOG.debug("Output is not bounded: {}", failed.getMessage());
        }
    }

    // ---- the host's lease ------------------------------------------------------------------------------------------

    /// Stops the traffic of every instance at once: their processes are stopped, their data stay.
    synchronized void freeze(Reason why) {
        if (open) LOG.warn("Instances are frozen: {}", why);
        open = false;
        for (Run run : runs.values()) if (run.running() && !run.frozen()) run.freeze();
    }

    /// The lease is sure and `mine` is what the store assigns to this host: what is still ours goes on, what was
    /// given to others is killed.
    synchronized void reconcile(Collection<Assignment> mine) {
        open = true;
        for (Run run : new ArrayList<>(runs.values())) {
            if (!run.running()) continue;
            Optional<Assignment> assigned = mine.stream()
                    .filter(one -> one.instance().equals(run.instance()))
                    .findFirst();
            boolean ours = assigned.isPresent()
                    && assigned.get().run().equals(run.id())
                    && assigned.get().desired() == Assignment.Desired.RUN;
            if (ours) {
                if (run.frozen()) {
                    run.thaw();
                    LOG.info("{} (run {}) is still ours and goes on.", run.instance(), run.id());
                }
            } else if (assigned.isEmpty() || run.frozen()) { // else an order will end it with grace
                LOG.warn(
                        "{} (run {}, pid {}) is no longer ours: killed.",
                        run.instance(),
                        run.id(),
                        run.facts().pid());
                run.send(ProcessSignal.KILL);
            }
        }
    }

    synchronized List<Signal.Supervised> roster() {
        return runs.values().stream()
                .map(run -> new Signal.Supervised(
                        run.instance(), run.id(), run.state(), run.facts().status()))
                .toList();
    }

    synchronized long countRunning() {
        return runs.values().stream().filter(Run::running).count();
    }

    synchronized boolean isOpen() {
        return open;
    }

    NodeId host() {
        return config.host();
    }

    /// Leaves every process as it is.
    @Override
    public synchronized void close() {
        closed = true;
    }
}

package holdfast.server.healing.postgres;

import holdfast.core.base.Outcome;
import holdfast.server.base.Ticker;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.healing.failover.EngineProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// The postmaster of one data folder: found by its lock file, started, ended with all of its children.
final class ServerProcess {
    private static final long START_EVERY_NANOS = 1_000_000_000;

    private final Programs programs;
    private final Path data;
    private final EngineProcess process;
    private final Ticker ticker;
    private boolean startedOnce; // since it last answered
    private long nextStartNanos;

    ServerProcess(Programs programs, Path data, Path log, Ticker ticker) {
        this.programs = programs;
        this.data = data;
        this.process = new EngineProcess("PostgreSQL", log, this::pid, ticker);
        this.ticker = ticker;
    }

    /// The postmaster's pid, 0 while it does not run. One that ended and was not reaped does not run.
    long pid() {
        try {
            List<String> lines = Files.readAllLines(data.resolve("postmaster.pid"));
            if (lines.isEmpty()) return 0;
            long pid = Math.abs(Long.parseLong(lines.getFirst().strip()));
            return EngineProcess.lives(pid) && isPostgres(pid) ? pid : 0;
        } catch (IOException | NumberFormatException _) {
            return 0; // none, or it is being written or taken away
        }
    }

    /// The lock file of a server that was killed names a pid that may be another's by now.
    private static boolean isPostgres(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "comm"))
                    .strip()
                    .equals("postgres");
        } catch (IOException _) {
            return false;
        }
    }

    /// It came up.
    void answered() {
        startedOnce = false;
    }

    /// One that ends again and again is not started again and again at once.
    private void pauseBeforeAnother() throws InterruptedException {
        long leftNanos = nextStartNanos - ticker.nanos();
        if (startedOnce && leftNanos > 0) TimeUnit.NANOSECONDS.sleep(leftNanos);
        startedOnce = true;
        nextStartNanos = ticker.nanos() + START_EVERY_NANOS;
    }

    /// Done when it was started, not when it answers.
    Outcome start(String tag) throws InterruptedException {
        if (pid() != 0) return new Outcome.Done(0);
        pauseBeforeAnother();
        return process.start(
                programs.words("postgres", List.of("-D", data.toString())),
                Map.of("HOLDFAST_HOLDS", tag, "PGDATA", data.toString()));
    }

    /// Reads its configuration again.
    void reload() {
        long pid = pid();
        if (pid != 0) ProcessSignal.HANGUP.sendTo(pid);
    }

    /// Ends clients' transactions, sends everything to the standbys, ends; at once when that takes too long.
    Outcome stopOrderly(long limitNanos) {
        long pid = pid();
        if (pid == 0) return new Outcome.Done(0);
        ProcessSignal.INTERRUPT.sendTo(pid);
        return process.awaitEnd(limitNanos) ? new Outcome.Done(0) : kill();
    }

    /// Ends it and every child. First no more children, then the children, so that none acknowledges anything after
    /// its postmaster is gone.
    Outcome kill() {
        long pid = pid();
        if (pid == 0) return new Outcome.Done(0);
        ProcessSignal.STOP.sendTo(pid);
        Optional<ProcessHandle> handle = ProcessHandle.of(pid);
        handle.ifPresent(one -> one.children().forEach(child -> ProcessSignal.KILL.sendTo(child.pid())));
        ProcessSignal.KILL.sendTo(pid);
        return process.awaitKilled();
    }
}

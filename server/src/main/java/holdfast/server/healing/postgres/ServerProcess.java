package holdfast.server.healing.postgres;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.server.base.Ticker;
import holdfast.server.healing.act.Family;
import holdfast.server.healing.act.Launcher;
import holdfast.server.healing.act.ProcessFacts;
import holdfast.server.healing.act.ProcessSignal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// The postmaster of one data folder: found by its lock file, started, ended with all of its children.
final class ServerProcess {
    private static final long LOOK_MILLIS = 5;
    private static final long KILL_LIMIT_NANOS = 5_000_000_000L;
    private static final long START_EVERY_NANOS = 1_000_000_000;

    private final Programs programs;
    private final Path data;
    private final Path log;
    private final Ticker ticker;
    private boolean startedOnce; // since it last answered
    private long nextStartNanos;

    ServerProcess(Programs programs, Path data, Path log, Ticker ticker) {
        this.programs = programs;
        this.data = data;
        this.log = log;
        this.ticker = ticker;
    }

    /// The postmaster's pid, 0 while it does not run. One that ended and was not reaped does not run.
    long pid() {
        try {
            List<String> lines = Files.readAllLines(data.resolve("postmaster.pid"));
            if (lines.isEmpty()) return 0;
            long pid = Math.abs(Long.parseLong(lines.getFirst().strip()));
            boolean lives = ProcessFacts.of(pid)
                    .filter(facts -> facts.state() != 'Z' && facts.state() != 'X')
                    .isPresent();
            return lives && isPostgres(pid) ? pid : 0;
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
        Launcher.Launched launched = Launcher.launch(
                "PostgreSQL in " + data,
                programs.words("postgres", List.of("-D", data.toString())),
                Map.of(Family.TAGS, tag, "PGDATA", data.toString()),
                log,
                log);
        return switch (launched) {
            case Launcher.Launched.Failed(Reason why) -> new Outcome.Refused(why);
            case Launcher.Launched.Started(Process process) -> {
                long deadlineNanos = ticker.nanos() + KILL_LIMIT_NANOS;
                while (process.isAlive() && pid() != process.pid() && ticker.nanos() < deadlineNanos) pause();
                yield process.isAlive()
                        ? new Outcome.Done(0)
                        : new Outcome.Refused(new Reason("cannot-start", "PostgreSQL ended: " + lastWords()));
            }
        };
    }

    /// The last lines of the server's log.
    String lastWords() {
        try {
            List<String> lines = Files.readAllLines(log);
            return String.join(" | ", lines.subList(Math.max(0, lines.size() - 3), lines.size()));
        } catch (IOException failed) {
            return "its log cannot be read: " + failed.getMessage();
        }
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
        return awaitEnd(limitNanos) ? new Outcome.Done(0) : kill();
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
        return awaitEnd(KILL_LIMIT_NANOS)
                ? new Outcome.Done(0)
                : new Outcome.Unknown(new Reason("does-not-end", "PostgreSQL (pid " + pid + ") outlives SIGKILL."));
    }

    private boolean awaitEnd(long limitNanos) {
        long deadlineNanos = ticker.nanos() + limitNanos;
        while (pid() != 0) {
            if (ticker.nanos() >= deadlineNanos) return false;
            pause();
        }
        return true;
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}

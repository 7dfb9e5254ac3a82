package holdfast.server.healing.redis;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.server.base.Ticker;
import holdfast.server.healing.act.Launcher;
import holdfast.server.healing.act.ProcessFacts;
import holdfast.server.healing.act.ProcessSignal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// The server process of one data folder: found by its pid file and its environment, started, ended.
final class RedisProcess {
    static final String PID_FILE = "redis.pid";
    private static final String DATA_VARIABLE = "HOLDFAST_REDIS_DATA";
    private static final long LOOK_MILLIS = 5;
    private static final long KILL_LIMIT_NANOS = 5_000_000_000L;
    private static final int LAST_LINES = 3;

    private final Program program;
    private final Path data;
    private final Path log;
    private final Ticker ticker;

    RedisProcess(Program program, Path data, Path log, Ticker ticker) {
        this.program = program;
        this.data = data;
        this.log = log;
        this.ticker = ticker;
    }

    /// 0 while it does not run. One that ended and was not reaped does not run.
    long pid() {
        try {
            long pid = Long.parseLong(Files.readString(data.resolve(PID_FILE)).strip());
            boolean lives = ProcessFacts.of(pid)
                    .filter(facts -> facts.state() != 'Z' && facts.state() != 'X')
                    .isPresent();
            return lives && isOurs(pid) ? pid : 0;
        } catch (IOException | NumberFormatException _) {
            return 0; // none, or it is being written or taken away
        }
    }

    /// The file of a server that was killed names a pid that may be another's by now, another Redis' even.
    private boolean isOurs(long pid) {
        try {
            byte[] environment = Files.readAllBytes(Path.of("/proc", Long.toString(pid), "environ"));
            String wanted = DATA_VARIABLE + "=" + data;
            return Arrays.asList(new String(environment, StandardCharsets.UTF_8).split("\0", -1))
                    .contains(wanted);
        } catch (IOException _) {
            return false;
        }
    }

    /// Done when it was started, not when it answers.
    Outcome start(Path conf, String tag) {
        if (pid() != 0) return new Outcome.Done(0);
        Launcher.Launched launched = Launcher.launch(
                "Redis in " + data,
                program.words(conf),
                Map.of("HOLDFAST_HOLDS", tag, DATA_VARIABLE, data.toString()),
                log,
                log);
        return switch (launched) {
            case Launcher.Launched.Failed(Reason why) -> new Outcome.Refused(why);
            case Launcher.Launched.Started(Process process) -> {
                long deadlineNanos = ticker.nanos() + KILL_LIMIT_NANOS;
                while (process.isAlive() && pid() != process.pid() && ticker.nanos() < deadlineNanos) pause();
                yield process.isAlive()
                        ? new Outcome.Done(0)
                        : new Outcome.Refused(new Reason("cannot-start", "Redis ended: " + lastWords()));
            }
        };
    }

    private String lastWords() {
        try {
            List<String> lines = Files.readAllLines(log);
            return String.join(" | ", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
        } catch (IOException failed) {
            return "its log cannot be read: " + failed.getMessage();
        }
    }

    /// It waits for its replicas, writes everything to disk and ends; Refused when it did not in time.
    Outcome stopOrderly(long limitNanos) {
        long pid = pid();
        if (pid == 0) return new Outcome.Done(0);
        ProcessSignal.TERM.sendTo(pid);
        return awaitEnd(limitNanos)
                ? new Outcome.Done(0)
                : new Outcome.Refused(new Reason("does-not-stop", "Redis (pid " + pid + ") did not stop in time."));
    }

    Outcome kill() {
        long pid = pid();
        if (pid == 0) return new Outcome.Done(0);
        ProcessSignal.KILL.sendTo(pid);
        return awaitEnd(KILL_LIMIT_NANOS)
                ? new Outcome.Done(0)
                : new Outcome.Unknown(new Reason("does-not-end", "Redis (pid " + pid + ") outlives SIGKILL."));
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

package holdfast.server.healing.failover;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.server.base.Ticker;
import holdfast.server.healing.act.Launcher;
import holdfast.server.healing.act.ProcessFacts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// The first process of a server as any engine has it: started, and waited for until it is gone.
public final class EngineProcess {
    private static final long LOOK_MILLIS = 5;
    private static final long LIMIT_NANOS = 5_000_000_000L;
    private static final int LAST_LINES = 3;

    private final String title;
    private final Path log;
    private final LongSupplier pid;
    private final Ticker ticker;

    /// @param title what people call the server
    /// @param log that it writes
    /// @param pid of it as its own files say, 0 while it does not run
    public EngineProcess(String title, Path log, LongSupplier pid, Ticker ticker) {
        this.title = title;
        this.log = log;
        this.pid = pid;
        this.ticker = ticker;
    }

    /// One that ended and was not reaped does not live.
    public static boolean lives(long pid) {
        return ProcessFacts.of(pid)
                .filter(facts -> facts.state() != 'Z' && facts.state() != 'X')
                .isPresent();
    }

    /// Done when it was started, not when it answers.
    public Outcome start(List<String> words, Map<String, String> environment) {
        return switch (Launcher.launch(title, words, environment, log, log)) {
            case Launcher.Launched.Failed(Reason why) -> new Outcome.Refused(why);
            case Launcher.Launched.Started(Process process) -> {
                long deadlineNanos = ticker.nanos() + LIMIT_NANOS;
                while (process.isAlive() && pid.getAsLong() != process.pid() && ticker.nanos() < deadlineNanos) pause();
                yield process.isAlive()
                        ? new Outcome.Done(0)
                        : new Outcome.Refused(new Reason("cannot-start", title + " ended: " + lastWords()));
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

    /// Whether it was gone in time.
    public boolean awaitEnd(long limitNanos) {
        long deadlineNanos = ticker.nanos() + limitNanos;
        while (pid.getAsLong() != 0) {
            if (ticker.nanos() >= deadlineNanos) return false;
            pause();
        }
        return true;
    }

    /// After SIGKILL.
    public Outcome awaitKilled() {
        return awaitEnd(LIMIT_NANOS)
                ? new Outcome.Done(0)
                : new Outcome.Unknown(
                        new Reason("does-not-end", "%s (pid %d) outlives SIGKILL.".formatted(title, pid.getAsLong())));
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}

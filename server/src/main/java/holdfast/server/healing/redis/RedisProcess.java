package holdfast.server.healing.redis;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.server.base.Ticker;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.healing.failover.EngineProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/// The server process of one data folder: found by its pid file and its environment, started, ended.
final class RedisProcess {
    static final String PID_FILE = "redis.pid";
    private static final String DATA_VARIABLE = "HOLDFAST_REDIS_DATA";

    private final Program program;
    private final Path data;
    private final EngineProcess process;

    RedisProcess(Program program, Path data, Path log, Ticker ticker) {
        this.program = program;
        this.data = data;
        this.process = new EngineProcess("Redis", log, this::pid, ticker);
    }

    /// 0 while it does not run. One that ended and was not reaped does not run.
    long pid() {
        try {
            long pid = Long.parseLong(Files.readString(data.resolve(PID_FILE)).strip());
            return EngineProcess.lives(pid) && isOurs(pid) ? pid : 0;
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
        return process.start(program.words(conf), Map.of("HOLDFAST_HOLDS", tag, DATA_VARIABLE, data.toString()));
    }

    /// It waits for its replicas, writes everything to disk and ends; Refused when it did not in time.
    Outcome stopOrderly(long limitNanos) {
        long pid = pid();
        if (pid == 0) return new Outcome.Done(0);
        ProcessSignal.TERM.sendTo(pid);
        return process.awaitEnd(limitNanos)
                ? new Outcome.Done(0)
                : new Outcome.Refused(new Reason("does-not-stop", "Redis (pid " + pid + ") did not stop in time."));
    }

    Outcome kill() {
        long pid = pid();
        if (pid == 0) return new Outcome.Done(0);
        ProcessSignal.KILL.sendTo(pid);
        return process.awaitKilled();
    }
}

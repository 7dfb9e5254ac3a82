package holdfast.server.cli;

import holdfast.core.base.Reason;
import holdfast.core.redundancy.lock.HoldConfig;
import holdfast.server.base.Ticker;
import holdfast.server.redundancy.lock.LockName;
import holdfast.server.redundancy.lock.LockRun;
import holdfast.server.redundancy.lock.Ran;
import holdfast.server.redundancy.lock.Signals;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast run`: a command under a lock.
@Command(
        name = RunCommand.NAME,
        description =
                "Runs a command while it holds a lock in any etcd v3 store; ends it in time when the lock is lost.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "The command finds HOLDFAST_FENCE (grows from holder to holder), HOLDFAST_LOCK (the lock's key), "
                    + "HOLDFAST_LEASE and HOLDFAST_STORE in its environment.",
            "",
            "Exit status: that of the command (128 and the number for a signal); 75 the lock was not to be had in time, "
                    + "124 the lock was lost and the command was ended, 125 the store did not give the lock, 126 or 127 "
                    + "the command cannot be run or found, 2 wrong usage. See docs/run-under-a-lock.md."
        })
final class RunCommand implements Callable<Integer> {
    static final String NAME = "run";
    private static final int LOST = 124;
    private static final int FAILED = 125;

    @Mixin
    private UserStoreOption store = new UserStoreOption();

    @Mixin
    private WaitOption wait = new WaitOption();

    @Option(names = "--lock", required = true, paramLabel = "NAME", description = "Name of the lock.")
    private String lock = "";

    @Option(
            names = "--ttl",
            paramLabel = "LENGTH",
            converter = LengthConverter.class,
            description = "How long the lock outlives a holder that was killed, 1s to 1h (default: 10s).")
    private Duration ttl = HoldConfig.DEFAULT_TTL;

    @Option(
            names = "--grace",
            paramLabel = "LENGTH",
            converter = LengthConverter.class,
            description = "Between SIGTERM and SIGKILL, at most half of --ttl (default: 3/10 of it, 3s at most).")
    private @Nullable Duration grace;

    @Option(
            names = "--leave",
            description = "What the command left in the background stays when it ends by itself, outside of the lock.")
    private boolean leaves;

    @Parameters(arity = "1..*", paramLabel = "COMMAND", description = "What to run, best behind --.")
    private List<String> command = new ArrayList<>();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws InterruptedException {
        QuietLogs.begin();
        HoldConfig config = grace == null ? HoldConfig.of(ttl) : new HoldConfig(ttl, grace);
        LockRun.Wish wish = new LockRun.Wish(new LockName(lock), config, wait.nanos(), command, leaves);
        return store.use(etcd -> {
            LockRun run = new LockRun(etcd, Ticker.system(), wish);
            Signals.listen(run::signal);
            return status(run.run());
        });
    }

    private int status(Ran ran) {
        return switch (ran) {
            case Ran.Ended(int status) -> status;
            case Ran.Lost(Reason why) -> say("lost, the command was ended", why, LOST);
            case Ran.Busy(Reason why) -> say("not to be had in time", why, wait.busyStatus());
            case Ran.Failed(Reason why) -> say("not taken, nothing ran", why, FAILED);
            case Ran.Stopped stopped -> ExitCode.SIGNALLED + stopped.by().number();
        };
    }

    private int say(String verdict, Reason why, int status) {
        PrintWriter err = spec.commandLine().getErr();
        err.println("holdfast: lock " + lock + " " + verdict + ". " + why.sentence());
        err.flush();
        return status;
    }
}

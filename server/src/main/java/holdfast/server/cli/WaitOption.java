package holdfast.server.cli;

import holdfast.core.base.Require;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The mixin of commands that wait for a lock.
final class WaitOption {
    /// The lock was not to be had in time: as sysexits.h, "try again later".
    static final int BUSY = 75;

    @Option(
            names = {"-w", "--wait"},
            paramLabel = "LENGTH",
            converter = LengthConverter.class,
            description = "Longest wait for the lock, such as 30s (default: as long as it takes).")
    private @Nullable Duration wait;

    @Option(
            names = {"-n", "--no-wait", "--nonblock"},
            description = "Do not wait: the same as --wait 0s.")
    private boolean noWait;

    @Option(
            names = {"-E", "--conflict-exit-code"},
            paramLabel = "STATUS",
            description = "Exit status when the lock was not to be had in time (default: " + BUSY + ").")
    private int busyStatus = BUSY;

    long nanos() {
        Require.that("--wait", String.valueOf(wait), wait == null || !noWait, "left out beside --no-wait");
        Require.between("--conflict-exit-code", busyStatus, 0, 255);
        if (noWait) return 0;
        return wait == null ? Long.MAX_VALUE : wait.toNanos();
    }

    int busyStatus() {
        return busyStatus;
    }
}

package holdfast.core.healing.fleet;

import holdfast.core.base.Require;
import java.time.Duration;
import java.util.List;

/// How an instance is asked whether it is well. Keys live under `services.NAME.checks[INDEX].`.
public sealed interface CheckSpec {

    Timing timing();

    /// Whether a host other than the instance's own can make this check.
    boolean isRemote();

    /// GET `path` at the instance's port; well is any status from 200 to 399.
    record Http(String path, Timing timing) implements CheckSpec {
        public Http {
            Require.that(
                    "http",
                    "'" + path + "'",
                    path.startsWith("/") && path.length() <= 2_000,
                    "a path that starts with /");
        }

        @Override
        public boolean isRemote() {
            return true;
        }
    }

    /// Well is a connection that opens.
    ///
    /// @param port 1 to 65_535; 0 means the instance's own port
    record Tcp(int port, Timing timing) implements CheckSpec {
        public Tcp {
            Require.between("tcp", port, 0, 65_535);
        }

        @Override
        public boolean isRemote() {
            return true;
        }
    }

    /// Runs a command on the instance's host; well is exit status 0.
    record Exec(List<String> command, Timing timing) implements CheckSpec {
        public Exec {
            command = List.copyOf(command);
            Require.that("exec", command, !command.isEmpty(), "a command with at least one word");
        }

        @Override
        public boolean isRemote() {
            return false;
        }
    }

    /// @param every time between two probes by one witness; 50 ms to 10 min
    /// @param timeout 10 ms up to `every`, so that one witness has one probe in flight
    /// @param failures bad answers or timeouts in a row that make one witness say it is ill; 1 to 100
    /// @param passes good answers in a row that make one witness say it is well; 1 to 100
    record Timing(Duration every, Duration timeout, int failures, int passes) {
        public static final Timing DEFAULT = new Timing(Duration.ofMillis(500), Duration.ofMillis(400), 3, 2);

        public Timing {
            Require.between("every", every, Duration.ofMillis(50), Duration.ofMinutes(10));
            Require.between("timeout", timeout, Duration.ofMillis(10), every);
            Require.between("failures", failures, 1, 100);
            Require.between("passes", passes, 1, 100);
        }
    }
}

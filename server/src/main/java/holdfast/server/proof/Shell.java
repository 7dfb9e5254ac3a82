package holdfast.server.proof;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Runs one short command of the system and waits for it.
final class Shell {
    private static final long LIMIT_SECONDS = 10;

    /// @param code exit status; 127 when the command could not be started, 124 when it took over 10 s and was killed
    /// @param output what it printed, errors included
    record Ran(int code, String output) {
        boolean isDone() {
            return code == 0;
        }
    }

    private Shell() {}

    static Ran run(String... command) {
        return run(List.of(command));
    }

    static Ran run(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (!waitFor(process)) {
                process.destroyForcibly();
                return new Ran(124, String.join(" ", command) + " took over " + LIMIT_SECONDS + " s");
            }
            return new Ran(process.exitValue(), output);
        } catch (IOException missing) {
            return new Ran(127, String.valueOf(missing.getMessage()));
        }
    }

    private static boolean waitFor(Process process) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
                } catch (InterruptedException _) {
                    interrupted = true; // cleaning up must go on to its end
                }
            }
        } finally {
            if (interrupted) Thread.currentThread().interrupt();
        }
    }
}

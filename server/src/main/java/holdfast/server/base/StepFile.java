package holdfast.server.base;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// By how much the date of this process is off, for trials of stepped clocks: the number of milliseconds in the file
/// that the variable `HOLDFAST_CLOCK_STEP_FILE` names, read again every 200 ms. Without the variable, 0 and no file.
///
/// The kernel steps its date for all processes or for none, and libraries that step it for one break the waiting of a
/// Java program; so this hook is ours. Only the date is moved, as by a true step: lengths of time are not.
final class StepFile {
    private static final String VARIABLE = "HOLDFAST_CLOCK_STEP_FILE";
    private static final long AGAIN_NANOS = 200_000_000;

    private final @Nullable Path file;
    private volatile long millis;
    private volatile long readNanos;

    StepFile() {
        String named = System.getenv(VARIABLE);
        file = named == null || named.isEmpty() ? null : Path.of(named);
    }

    /// @param nowNanos on a clock that never falls
    long millis(long nowNanos) {
        if (file == null || nowNanos - readNanos < AGAIN_NANOS) return millis;
        readNanos = nowNanos;
        try {
            millis = Long.parseLong(Files.readString(file).strip());
        } catch (IOException | NumberFormatException _) {
            return millis; // half written, or gone
        }
        return millis;
    }
}

package holdfast.server.proof;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/// One process, and never another one that got the same number later: the number and when it started.
///
/// @param number the process id
/// @param started field 22 of `/proc/<pid>/stat` in clock ticks since boot; elsewhere milliseconds of the epoch
record Pid(long number, long started) {
    private static final int STARTED_FIELD = 22; // proc(5), counted from 1
    private static final int STATE_FIELD = 3;

    /// Empty when there is no such process, or it is a zombie.
    static Optional<Pid> of(long number) {
        return startedAt(number).map(started -> new Pid(number, started));
    }

    /// Reads back what [#toString] wrote; empty when the line was cut short.
    static Optional<Pid> parse(String line) {
        String[] words = line.split(" ", -1);
        if (words.length != 2) return Optional.empty();
        try {
            return Optional.of(new Pid(Long.parseLong(words[0]), Long.parseLong(words[1])));
        } catch (NumberFormatException _) {
            return Optional.empty();
        }
    }

    boolean isAlive() {
        return startedAt(number).filter(now -> now == started).isPresent();
    }

    /// SIGKILL, if it is still this process.
    void kill() {
        if (isAlive()) ProcessHandle.of(number).ifPresent(ProcessHandle::destroyForcibly);
    }

    /// @param name as `kill` knows it, such as STOP or CONT
    void signal(String name) {
        if (isAlive()) Shell.run("kill", "-" + name, Long.toString(number));
    }

    @Override
    public String toString() {
        return number + " " + started;
    }

    private static Optional<Long> startedAt(long number) {
        Path stat = Path.of("/proc", Long.toString(number), "stat");
        if (!Files.isDirectory(Path.of("/proc/self"))) {
            return ProcessHandle.of(number)
                    .filter(ProcessHandle::isAlive)
                    .map(handle ->
                            handle.info().startInstant().orElse(Instant.EPOCH).toEpochMilli());
        }
        try {
            String line = Files.readString(stat);
            String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1); // from the third field on
            if (fields[STATE_FIELD - 3].equals("Z")) return Optional.empty();
            return Optional.of(Long.parseLong(fields[STARTED_FIELD - 3]));
        } catch (IOException _) {
            return Optional.empty();
        }
    }
}

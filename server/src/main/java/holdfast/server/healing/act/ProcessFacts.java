package holdfast.server.healing.act;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// What the kernel says of a process (Linux `/proc/PID/stat`, proc(5)).
///
/// @param state `R` runs, `S` sleeps, `T` stopped, `Z` ended and not yet reaped, and others
/// @param startTicks when it started, in the kernel's ticks since boot: with the pid, its identity
public record ProcessFacts(long pid, char state, long session, long startTicks) {
    private static final Path PROC = Path.of("/proc");
    private static final int STATE_FIELD = 0; // fields after the command's closing parenthesis
    private static final int SESSION_FIELD = 3;
    private static final int START_FIELD = 19;

    /// Empty when there is no such process.
    public static Optional<ProcessFacts> of(long pid) {
        if (!Files.isDirectory(PROC)) return withoutProc(pid);
        try {
            String stat = Files.readString(PROC.resolve(Long.toString(pid)).resolve("stat"), UTF_8);
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return Optional.of(new ProcessFacts(
                    pid,
                    fields[STATE_FIELD].charAt(0),
                    Long.parseLong(fields[SESSION_FIELD]),
                    Long.parseLong(fields[START_FIELD])));
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    /// Other systems tell less: a stopped process looks as if it ran.
    private static Optional<ProcessFacts> withoutProc(long pid) {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .map(handle -> new ProcessFacts(
                        pid,
                        'R',
                        pid,
                        handle.info().startInstant().map(Instant::toEpochMilli).orElse(0L)));
    }

    /// Whether that very process still runs, stopped or not.
    public static boolean lives(long pid, long startTicks) {
        return of(pid).filter(facts -> facts.startTicks == startTicks && facts.state != 'Z' && facts.state != 'X')
                .isPresent();
    }

    /// Processes with this `NAME=VALUE` in the environment that they were started with; none where there is no
    /// `/proc`.
    public static List<ProcessFacts> withEnvironment(String entry) {
        if (!Files.isDirectory(PROC)) return List.of();
        try (Stream<Path> folders = Files.list(PROC)) {
            return folders.filter(folder -> folder.getFileName().toString().matches("\\d+"))
                    .filter(folder -> hasEnvironment(folder, entry))
                    .flatMap(folder -> of(Long.parseLong(folder.getFileName().toString())).stream())
                    .filter(facts -> facts.state != 'Z')
                    .toList();
        } catch (IOException _) {
            return List.of();
        }
    }

    private static boolean hasEnvironment(Path folder, String entry) {
        try {
            String environment = new String(Files.readAllBytes(folder.resolve("environ")), ISO_8859_1);
            return ("\0" + environment).contains("\0" + entry + "\0");
        } catch (IOException _) {
            return false; // not ours to read, or gone
        }
    }

    /// Whether it leads a session, as whatever [Launcher] starts does.
    public boolean leadsSession() {
        return session == pid;
    }

    public boolean stopped() {
        return state == 'T';
    }
}

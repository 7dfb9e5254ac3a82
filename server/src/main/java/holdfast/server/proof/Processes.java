package holdfast.server.proof;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Finds the processes of a run by the mark in their environment, which children inherit: so also those that an agent
/// started, and those whose parent is long dead. Reads `/proc`; where there is none, only recorded processes are known.
final class Processes {
    /// The variable that carries the mark: run id, a slash, the host's name.
    static final String MARK = "HOLDFAST_LAB";

    /// @param command its words, joined by spaces
    record Found(Pid pid, String command) {}

    private Processes() {}

    /// All whose mark begins with `mark`, in the order of their numbers.
    static List<Found> marked(String mark) {
        List<Found> found = new ArrayList<>();
        Path proc = Path.of("/proc");
        if (!Files.isDirectory(proc.resolve("self"))) return found;
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(proc, "[0-9]*")) {
            for (Path folder : folders) look(folder, mark).ifPresent(found::add);
        } catch (IOException _) {
            return found;
        }
        found.sort((one, other) -> Long.compare(one.pid().number(), other.pid().number()));
        return found;
    }

    private static Optional<Found> look(Path folder, String mark) {
        Optional<Pid> pid = Pid.of(Long.parseLong(folder.getFileName().toString()));
        if (pid.isEmpty()) return Optional.empty();
        try {
            // a process of another user cannot be read, and is not ours
            String environment = Files.readString(folder.resolve("environ"), StandardCharsets.ISO_8859_1);
            if (!("\0" + environment).contains("\0" + MARK + "=" + mark)) return Optional.empty();
            String command = Files.readString(folder.resolve("cmdline"), StandardCharsets.ISO_8859_1);
            return Optional.of(new Found(pid.get(), command.replace('\0', ' ').strip()));
        } catch (IOException _) {
            return Optional.empty();
        }
    }
}

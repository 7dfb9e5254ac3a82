package holdfast.server.healing.act;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// A command and everything that it started: the processes of its session, and those elsewhere that still carry
/// its tag in their environment. Who left the session *and* cleared its environment is not found.
///
/// @param session pid of the command, which leads a session of its own
public record Family(long session, String tag) {
    /// The variable that carries the tags, each between colons: an inner wrapper adds its own.
    public static final String TAGS = "HOLDFAST_HOLDS";

    private static final Path PROC = Path.of("/proc");

    /// To the command's process group, as a terminal would send it.
    public void pass(ProcessSignal signal) {
        signal.sendToGroup(session);
    }

    /// To everybody.
    public void send(ProcessSignal signal) {
        signal.sendToGroup(session); // at once, before anybody is looked for
        for (ProcessFacts one : living()) signal.sendTo(one.pid());
    }

    public boolean lives() {
        return !living().isEmpty();
    }

    private List<ProcessFacts> living() {
        try (Stream<Path> folders = Files.list(PROC)) {
            return folders.filter(folder -> folder.getFileName().toString().matches("\\d+"))
                    .flatMap(folder ->
                            ProcessFacts.of(Long.parseLong(folder.getFileName().toString())).stream())
                    .filter(one -> one.state() != 'Z' && one.state() != 'X')
                    .filter(one -> one.session() == session || tagged(one.pid()))
                    .toList();
        } catch (IOException failed) {
            throw new IllegalStateException("/proc cannot be read", failed);
        }
    }

    private boolean tagged(long pid) {
        try {
            Path environment = PROC.resolve(Long.toString(pid)).resolve("environ");
            return new String(Files.readAllBytes(environment), ISO_8859_1).contains(tag);
        } catch (IOException _) {
            return false; // not ours to read, or gone
        }
    }
}

package holdfast.server.healing.act;

import holdfast.core.base.Reason;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Starts processes that outlive this one: each leads a session and group of its own (`setsid`, where there is
/// one), reads nothing or what we tell it, and appends what it says to two files.
public final class Launcher {
    private static final Optional<Path> SETSID = onPath("setsid", System.getenv());

    private Launcher() {}

    /// What became of a start.
    public sealed interface Launched {
        record Started(Process process) implements Launched {}

        record Failed(Reason why) implements Launched {}
    }

    /// @param environment added to our own
    /// @param output where standard output goes; `error` likewise
    public static Launched launch(
            String name, List<String> command, Map<String, String> environment, Path output, Path error) {
        return launch(name, command, environment, ProcessBuilder.Redirect.from(new File("/dev/null")), output, error);
    }

    /// The same for one that reads what we tell it.
    public static Launched launchListening(
            String name, List<String> command, Map<String, String> environment, Path output, Path error) {
        return launch(name, command, environment, ProcessBuilder.Redirect.PIPE, output, error);
    }

    private static Launched launch(
            String name,
            List<String> command,
            Map<String, String> environment,
            ProcessBuilder.Redirect input,
            Path output,
            Path error) {
        List<String> words = new ArrayList<>();
        SETSID.ifPresent(setsid -> words.add(setsid.toString()));
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words);
        builder.environment().putAll(environment);
        String program = command.getFirst();
        if (!program.contains("/") && onPath(program, builder.environment()).isEmpty()) {
            return new Launched.Failed(
                    new Reason("no-such-command", "%s cannot be started: %s is not in PATH.".formatted(name, program)));
        }
        if (program.contains("/") && !Files.isExecutable(Path.of(program))) {
            return new Launched.Failed(new Reason(
                    "no-such-command", "%s cannot be started: %s is not a program.".formatted(name, program)));
        }
        try {
            Files.createDirectories(output.toAbsolutePath().getParent());
            builder.redirectInput(input);
            builder.redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
            builder.redirectError(ProcessBuilder.Redirect.appendTo(error.toFile()));
            return new Launched.Started(builder.start());
        } catch (IOException failed) {
            return new Launched.Failed(
                    new Reason("cannot-start", "%s cannot be started: %s.".formatted(name, failed.getMessage())));
        }
    }

    private static Optional<Path> onPath(String program, Map<String, String> environment) {
        for (String folder : environment.getOrDefault("PATH", "/usr/bin:/bin").split(File.pathSeparator, -1)) {
            Path candidate = Path.of(folder.isEmpty() ? "." : folder, program);
            if (Files.isRegularFile(candidate) && Files.isExecutable(candidate)) return Optional.of(candidate);
        }
        return Optional.empty();
    }

    /// Keeps a file that a process appends to within `bytesMax`: its end moves to `NAME.1`, the file starts
    /// anew. What is said between the copy and the cut is lost.
    public static void bound(Path file, long bytesMax) throws IOException {
        if (!Files.exists(file) || Files.size(file) <= bytesMax) return;
        Files.copy(file, file.resolveSibling(file.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(0);
        }
    }
}

package holdfast.server.cli;

import holdfast.server.start.Training;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `holdfast train`: what the launcher runs at the end of a build, under a JVM that records.
@Command(
        name = "train",
        hidden = true,
        description = "Serves itself for a while, so that the JVM can record how servers run. Part of the build.",
        mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
    private static final Duration LOAD = Duration.ofSeconds(20);

    @Option(names = "--data", paramLabel = "FOLDER", required = true, description = "For what it writes meanwhile.")
    private Path folder = Path.of("");

    @Override
    public Integer call() throws InterruptedException, IOException, GeneralSecurityException {
        Training.run(folder.toAbsolutePath(), LOAD);
        Runtime.getRuntime().exit(ExitCode.DONE); // other threads may still run
        return ExitCode.DONE;
    }
}

package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.peers.RealEtcd;
import holdfast.server.peers.StoreCluster;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The transcripts of module `clients` against three real etcds and against three `holdfast server`s, by way of a
/// follower. The clients run as processes of their own, with their own libraries.
final class ForeignClientTest {
    static final Path MODULE = Path.of("..", "clients", "target");
    private static final long LIMIT_SECONDS = 300;

    @ParameterizedTest
    @ValueSource(strings = {"jetcd", "raw"})
    void transcript_againstBoth_isEqual(String kind, @TempDir Path folder) throws Exception {
        Path module = MODULE;
        Assumptions.assumeTrue(
                Files.exists(module.resolve("class-path")), "module clients is not built: run Maven from the root");
        try (RealEtcd etcd = RealEtcd.start(Files.createDirectory(folder.resolve("etcd")), 3);
                StoreCluster holdfast =
                        StoreCluster.start(Files.createDirectory(folder.resolve("holdfast")), 3, "--loop=off");
                ExecutorService both = Executors.newCachedThreadPool()) {
            Future<Transcript> realRun = both.submit(() -> run(module, kind, etcd.url(0), folder.resolve("real.said")));
            String follower = holdfast.url((holdfast.awaitLeader() + 1) % 3);
            Future<Transcript> ourRun = both.submit(() -> run(module, kind, follower, folder.resolve("ours.said")));

            List<String> differences = realRun.get().differencesTo(ourRun.get());
            System.out.println(kind + " transcript: " + realRun.get().steps().size() + " steps, " + differences.size()
                    + " differences");
            assertThat(differences).isEmpty();
        }
    }

    static Transcript run(Path module, String kind, String url, Path said) throws IOException, InterruptedException {
        String classPath = module.resolve("classes")
                + File.pathSeparator
                + Files.readString(module.resolve("class-path")).strip();
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        classPath,
                        "holdfast.clients.Main",
                        kind,
                        url)
                .redirectError(said.toFile())
                .start();
        List<String> lines;
        try (var out = process.inputReader()) {
            lines = out.lines().toList();
        }
        boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
        process.destroyForcibly();
        assertThat(ended && process.exitValue() == 0)
                .as(
                        "the end of the client of %s, after %s: %s",
                        url, lines.isEmpty() ? "nothing" : lines.getLast(), Files.readString(said))
                .isTrue();
        return new Transcript(lines.stream()
                .map(line -> line.split("\t", 2))
                .map(parts -> new Transcript.Step(parts[0], Transcript.masked(parts[1])))
                .toList());
    }
}

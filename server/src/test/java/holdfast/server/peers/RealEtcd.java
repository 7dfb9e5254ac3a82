package holdfast.server.peers;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;

/// A cluster of real etcd 3.6 processes on free local ports, with their data in one folder. Tests that need it
/// are skipped where the program is missing.
public final class RealEtcd implements AutoCloseable {
    private final Path folder;
    private final List<Process> processes = new ArrayList<>();
    private final List<List<String>> commands = new ArrayList<>();
    private final List<String> urls = new ArrayList<>();

    private RealEtcd(Path folder) {
        this.folder = folder;
    }

    /// Where a program that tests need lies: `$HOLDFAST_TOOLS`, else `~/.cache/holdfast/tools/bin`.
    public static Optional<Path> program(String name) {
        String tools = System.getenv("HOLDFAST_TOOLS");
        Path folder = tools != null
                ? Path.of(tools)
                : Path.of(System.getProperty("user.home"), ".cache", "holdfast", "tools", "bin");
        return Optional.of(folder.resolve(name)).filter(Files::isExecutable);
    }

    /// Starts `members` (1 to 5) and waits until each answers; skips the test when there is no etcd.
    public static RealEtcd start(Path folder, int members, String... extraFlags)
            throws IOException, InterruptedException {
        Optional<Path> etcd = program("etcd");
        Assumptions.assumeTrue(etcd.isPresent(), "etcd is not installed");
        RealEtcd cluster = new RealEtcd(folder);
        List<Integer> ports = freePorts(2 * members);
        String initial = String.join(
                ",",
                IntStream.range(0, members)
                        .mapToObj(n -> "m" + n + "=http://127.0.0.1:" + ports.get(2 * n + 1))
                        .toList());
        for (int n = 0; n < members; n++) {
            String client = "http://127.0.0.1:" + ports.get(2 * n);
            String peer = "http://127.0.0.1:" + ports.get(2 * n + 1);
            cluster.urls.add(client);
            List<String> command = new ArrayList<>(List.of(
                    etcd.get().toString(),
                    "--name=m" + n,
                    "--data-dir=" + folder.resolve("m" + n),
                    "--listen-client-urls=" + client,
                    "--advertise-client-urls=" + client,
                    "--listen-peer-urls=" + peer,
                    "--initial-advertise-peer-urls=" + peer,
                    "--initial-cluster=" + initial,
                    "--initial-cluster-token=" + folder.getFileName(),
                    "--log-level=warn",
                    "--unsafe-no-fsync"));
            command.addAll(List.of(extraFlags));
            cluster.commands.add(command);
            cluster.processes.add(cluster.launch(n));
        }
        for (int n = 0; n < members; n++) cluster.awaitHealthy(n);
        return cluster;
    }

    /// Free local ports, all different.
    public static List<Integer> freePorts(int count) {
        List<ServerSocket> sockets = new ArrayList<>();
        try {
            for (int n = 0; n < count; n++) sockets.add(new ServerSocket(0));
            return sockets.stream().map(ServerSocket::getLocalPort).toList();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } finally {
            for (ServerSocket socket : sockets) {
                try {
                    socket.close();
                } catch (IOException failed) {
                    throw new UncheckedIOException(failed);
                }
            }
        }
    }

    private Process launch(int member) throws IOException {
        File log = folder.resolve("m" + member + ".log").toFile();
        return new ProcessBuilder(commands.get(member))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
                .start();
    }

    private void awaitHealthy(int member) throws InterruptedException {
        HttpRequest health = HttpRequest.newBuilder(URI.create(urls.get(member) + "/health"))
                .timeout(Duration.ofSeconds(2))
                .build();
        try (HttpClient http = HttpClient.newHttpClient()) {
            for (int tries = 0; tries < 600; tries++) {
                try {
                    if (http.send(health, HttpResponse.BodyHandlers.discarding())
                                    .statusCode()
                            == 200) return;
                } catch (IOException _) {
                    // not up yet
                }
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
        throw new IllegalStateException("etcd member " + member + " is not healthy after 30 s");
    }

    /// Client URLs of all members, separated by commas.
    public String url() {
        return String.join(",", urls);
    }

    public String url(int member) {
        return urls.get(member);
    }

    public void kill(int member) throws InterruptedException {
        processes.get(member).destroyForcibly().waitFor();
    }

    /// Sends a signal such as `STOP` or `CONT`.
    public void signal(int member, String signal) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + signal, "" + processes.get(member).pid())
                .start()
                .waitFor();
    }

    public void restart(int member) throws IOException, InterruptedException {
        kill(member);
        processes.set(member, launch(member));
        awaitHealthy(member);
    }

    @Override
    public void close() {
        for (Process process : processes) process.destroyForcibly();
        for (Process process : processes) {
            try {
                process.waitFor();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }
}

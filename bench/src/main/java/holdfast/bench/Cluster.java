package holdfast.bench;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Three processes of one kind of store, gone when closed.
final class Cluster implements AutoCloseable {
    static final int MEMBERS = 3;
    private static final int LOG_LINES = 40;
    private static final long START_SECONDS_MAX = 60;
    private static final long QUOTA_BYTES = 8L << 30;

    private final String name;
    private final Path folder;
    private final Launch launch;
    private final List<Process> processes = new ArrayList<>();
    private final List<Integer> clientPorts;
    private final List<Integer> peerPorts;

    private interface Launch {
        List<String> command(int member, int clientPort, List<Integer> peerPorts);
    }

    private Cluster(String name, Path folder, Launch launch, List<Integer> ports) {
        this.name = name;
        this.folder = folder;
        this.launch = launch;
        clientPorts = ports.subList(0, MEMBERS);
        peerPorts = ports.subList(MEMBERS, 2 * MEMBERS);
    }

    String name() {
        return name;
    }

    List<Integer> clientPorts() {
        return clientPorts;
    }

    static Cluster etcd(Path program) throws IOException, InterruptedException {
        return start("etcd", (member, port, peers) -> {
            List<String> initial = new ArrayList<>();
            for (int peer = 0; peer < MEMBERS; peer++) initial.add("n" + peer + "=http://127.0.0.1:" + peers.get(peer));
            return List.of(
                    program.toString(),
                    "--name=n" + member,
                    "--data-dir=n" + member,
                    "--listen-client-urls=http://127.0.0.1:" + port,
                    "--advertise-client-urls=http://127.0.0.1:" + port,
                    "--listen-peer-urls=http://127.0.0.1:" + peers.get(member),
                    "--initial-advertise-peer-urls=http://127.0.0.1:" + peers.get(member),
                    "--initial-cluster=" + String.join(",", initial),
                    "--quota-backend-bytes=" + QUOTA_BYTES,
                    "--log-level=error");
        });
    }

    /// As a user starts it: by the launcher, with its defaults, and room for as much as etcd has.
    static Cluster holdfast(Path launcher) throws IOException, InterruptedException {
        return start("holdfast", (member, port, peers) -> {
            List<String> initial = new ArrayList<>();
            for (int peer = 0; peer < MEMBERS; peer++) initial.add("n" + peer + "=127.0.0.1:" + peers.get(peer));
            return List.of(
                    launcher.toString(),
                    "server",
                    "--name=n" + member,
                    "--data-dir=n" + member,
                    "--loop=off",
                    "--quota-backend-bytes=" + QUOTA_BYTES,
                    "--listen-client=127.0.0.1:" + port,
                    "--listen-peer=127.0.0.1:" + peers.get(member),
                    "--initial-cluster=" + String.join(",", initial));
        });
    }

    private static Cluster start(String name, Launch launch) throws IOException, InterruptedException {
        Cluster cluster = new Cluster(name, Files.createTempDirectory("bench-" + name), launch, freePorts(2 * MEMBERS));
        for (int member = 0; member < MEMBERS; member++) cluster.processes.add(cluster.launch(member));
        for (int member = 0; member < MEMBERS; member++) cluster.awaitHealthy(member);
        return cluster;
    }

    private Process launch(int member) throws IOException {
        Path log = folder.resolve("n" + member + ".log");
        return new ProcessBuilder(launch.command(member, clientPorts.get(member), peerPorts))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    /// What the members have said, the last lines of each.
    List<String> logs() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int member = 0; member < MEMBERS; member++) {
            List<String> said = Files.readAllLines(folder.resolve("n" + member + ".log"));
            for (String line : said.subList(Math.max(0, said.size() - LOG_LINES), said.size())) {
                lines.add("n" + member + ": " + line);
            }
        }
        return lines;
    }

    void kill(int member) throws InterruptedException {
        processes.get(member).destroyForcibly().waitFor();
    }

    void restart(int member) throws IOException, InterruptedException {
        kill(member);
        processes.set(member, launch(member));
        awaitHealthy(member);
    }

    void awaitHealthy(int member) throws InterruptedException {
        int port = clientPorts.get(member);
        HttpRequest health = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/health"))
                .timeout(Duration.ofSeconds(2))
                .build();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS_MAX);
        try (HttpClient http = HttpClient.newHttpClient()) {
            while (System.nanoTime() - deadline < 0) {
                try {
                    if (http.send(health, BodyHandlers.discarding()).statusCode() == 200) return;
                } catch (IOException _) {
                    // not up yet
                }
                TimeUnit.MILLISECONDS.sleep(20);
            }
        }
        throw new IllegalStateException(
                name + " has no healthy member on port " + port + " after " + START_SECONDS_MAX + " s; see " + folder);
    }

    private static List<Integer> freePorts(int count) throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        try {
            for (int index = 0; index < count; index++) sockets.add(new ServerSocket(0));
            return sockets.stream().map(ServerSocket::getLocalPort).toList();
        } finally {
            for (ServerSocket socket : sockets) socket.close();
        }
    }

    /// Resident memory of the largest member, in MiB.
    double memberMebibytes() throws IOException {
        double most = 0;
        for (Process process : processes) {
            for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
                if (!line.startsWith("VmRSS:")) continue;
                most = Math.max(most, Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024);
            }
        }
        return most;
    }

    /// CPU time of all members so far, in microseconds.
    double cpuMicros() {
        double micros = 0;
        for (Process process : processes) {
            micros += process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e3;
        }
        return micros;
    }

    @Override
    public void close() throws IOException {
        for (Process process : processes) process.destroyForcibly();
        for (Process process : processes) process.onExit().join();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        }
    }
}

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
    private static final int MEMBERS = 3;
    private static final long START_SECONDS_MAX = 60;

    private final Path folder;
    private final List<Process> processes = new ArrayList<>();
    private final List<Integer> clientPorts = new ArrayList<>();

    private Cluster(Path folder) {
        this.folder = folder;
    }

    List<Integer> clientPorts() {
        return clientPorts;
    }

    private interface Launch {
        List<String> command(int member, int clientPort, List<Integer> peerPorts);
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
                    "--log-level=error");
        });
    }

    /// From this program's own class path.
    static Cluster holdfast() throws IOException, InterruptedException {
        String classPath = Stream.of(System.getProperty("java.class.path").split(":"))
                .map(part -> Path.of(part).toAbsolutePath().toString())
                .reduce((left, right) -> left + ":" + right)
                .orElseThrow();
        return start("holdfast", (member, port, peers) -> {
            List<String> initial = new ArrayList<>();
            for (int peer = 0; peer < MEMBERS; peer++) initial.add("n" + peer + "=127.0.0.1:" + peers.get(peer));
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString()));
            command.addAll(List.of(
                    System.getProperty("holdfast.jvm", "-Xmx512m -XX:+UseG1GC").split(" ")));
            command.addAll(List.of(
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-cp",
                    classPath,
                    "holdfast.server.cli.Main",
                    "server",
                    "--name=n" + member,
                    "--data-dir=n" + member,
                    "--listen-client=127.0.0.1:" + port,
                    "--listen-peer=127.0.0.1:" + peers.get(member),
                    "--initial-cluster=" + String.join(",", initial)));
            command.addAll(
                    List.of(System.getProperty("holdfast.flags", "--readers=2").split(" ")));
            return command;
        });
    }

    private static Cluster start(String name, Launch launch) throws IOException, InterruptedException {
        Cluster cluster = new Cluster(Files.createTempDirectory("bench-" + name));
        List<Integer> ports = freePorts(2 * MEMBERS);
        cluster.clientPorts.addAll(ports.subList(0, MEMBERS));
        List<Integer> peers = ports.subList(MEMBERS, 2 * MEMBERS);
        for (int member = 0; member < MEMBERS; member++) {
            Path log = cluster.folder.resolve("n" + member + ".log");
            cluster.processes.add(new ProcessBuilder(launch.command(member, ports.get(member), peers))
                    .directory(cluster.folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start());
        }
        for (int port : cluster.clientPorts) awaitHealthy(port);
        return cluster;
    }

    private static void awaitHealthy(int port) throws InterruptedException {
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
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
        throw new IllegalStateException("no healthy member on port " + port + " after " + START_SECONDS_MAX + " s");
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

    /// Memory of all members in MiB, and their CPU time in seconds.
    double[] cost() throws IOException {
        double mebibytes = 0;
        double seconds = 0;
        for (Process process : processes) {
            for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
                if (line.startsWith("VmRSS:")) mebibytes += Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024;
            }
            seconds += process.info().totalCpuDuration().orElse(Duration.ZERO).toMillis() / 1e3;
        }
        return new double[] {mebibytes, seconds};
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

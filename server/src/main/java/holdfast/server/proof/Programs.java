package holdfast.server.proof;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The command lines of everything that the demo starts: the same program as a user would start, with the flags that a
/// user would give; only the heaps are small, since a dozen processes share one machine.
///
/// @param home folder of the clone
/// @param classpath of this program
/// @param etcd another store's program to run in place of our own; empty for our own
/// @param main the class to run: the program's own, but for tests that plant a fault in it
record Programs(Path home, String classpath, String etcd, String main) {
    private static final String MAIN = "holdfast.server.cli.Main";
    static final int CLIENT_PORT = 2379;
    private static final int PEER_PORT = 2380;
    private static final List<String> SMALL = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");
    private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");

    /// The clone is named by the launcher, else it is where this program's classes are.
    static Programs ofThis(String etcd) {
        String classpath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
        String home = System.getProperty("holdfast.home");
        return new Programs(Path.of(home == null ? "." : home).toAbsolutePath().normalize(), classpath, etcd, MAIN);
    }

    Programs withMain(String other) {
        return new Programs(home, classpath, etcd, other.isEmpty() ? main : other);
    }

    Path shopJar() {
        return home.resolve("examples/shop/target/shop.jar");
    }

    /// The fleet of the shop with this machine's paths and the lab's addresses.
    ///
    /// @param addresses by host
    /// @param broken whether the order service is to be a build that never gets healthy
    String fleet(String example, Map<String, String> addresses, boolean broken) {
        String fleet = example;
        for (Map.Entry<String, String> host : addresses.entrySet()) {
            fleet = fleet.replaceFirst(
                    "(?m)^( +" + host.getKey() + ": \\{address: )[^}]+}", "$1" + host.getValue() + "}");
        }
        List<String> java = new ArrayList<>(List.of(JAVA.toString()));
        java.addAll(aot(home.resolve("examples/shop/target/shop.aot")));
        fleet = fleet.replace("[java,", "[" + String.join(", ", java) + ",")
                .replace("examples/shop/target/shop.jar", shopJar().toString());
        return broken ? fleet.replaceFirst("(?m)^  orders:\n", "  orders:\n    env: {BROKEN: \"1\"}\n") : fleet;
    }

    /// @param extra more flags
    List<String> server(String name, String address, Path data, Map<String, String> cluster, String... extra) {
        List<String> members = new ArrayList<>();
        cluster.forEach((member, at) -> members.add(member + "=" + at + ":" + PEER_PORT));
        List<String> words = new ArrayList<>(List.of(
                "server",
                "--name=" + name,
                "--data-dir=" + data,
                "--listen-client=" + address + ":" + CLIENT_PORT,
                "--listen-peer=" + address + ":" + PEER_PORT,
                "--initial-cluster=" + String.join(",", members)));
        words.addAll(List.of(extra));
        return holdfast("-Xmx160m", words.toArray(String[]::new));
    }

    /// The loop alone, over somebody else's store.
    List<String> loop(String name, String address, String store) {
        return holdfast("-Xmx96m", "loop", "--name=" + name, "--listen-loop=" + address + ":2378", "--store=" + store);
    }

    List<String> etcdServer(String name, String address, Path data, Map<String, String> cluster) {
        List<String> members = new ArrayList<>();
        cluster.forEach((member, at) -> members.add(member + "=http://" + at + ":" + PEER_PORT));
        return List.of(
                etcd,
                "--name=" + name,
                "--data-dir=" + data,
                "--heartbeat-interval=50",
                "--election-timeout=500",
                "--listen-client-urls=http://" + address + ":" + CLIENT_PORT,
                "--advertise-client-urls=http://" + address + ":" + CLIENT_PORT,
                "--listen-peer-urls=http://" + address + ":" + PEER_PORT,
                "--initial-advertise-peer-urls=http://" + address + ":" + PEER_PORT,
                "--initial-cluster=" + String.join(",", members));
    }

    /// @param port its own one on each host: where hosts are plain processes they share this machine's ports
    List<String> agent(String host, String address, int port, Path data, String store) {
        return holdfast(
                "-Xmx64m",
                "agent",
                "--host=" + host,
                "--address=" + address,
                "--port=" + port,
                "--data=" + data,
                "--store=" + store);
    }

    List<String> apply(Path fleet, String store) {
        return holdfast("-Xmx64m", "apply", fleet.toString(), "--yes", "--store=" + store);
    }

    private List<String> holdfast(String heap, String... words) {
        List<String> command = new ArrayList<>(List.of(JAVA.toString()));
        command.addAll(aot(home.resolve("server/target/holdfast.aot")));
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(SMALL);
        command.add(heap);
        command.addAll(List.of("-cp", classpath, main));
        command.addAll(List.of(words));
        return command;
    }

    private static List<String> aot(Path cache) {
        return Files.exists(cache) ? List.of("-XX:AOTCache=" + cache, "-Xlog:aot=off", "-Xlog:cds=off") : List.of();
    }
}

package holdfast.server.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.healing.Incident;
import holdfast.core.healing.fleet.CheckSpec;
import holdfast.core.healing.fleet.Endpoint;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.HostSpec;
import holdfast.core.healing.fleet.Limits;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.ServiceSpec;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import holdfast.server.client.Snapshot;
import holdfast.server.ledger.Keys;
import holdfast.server.ledger.LedgerStore;
import holdfast.server.ledger.Seen;
import holdfast.server.peers.RealEtcd;
import holdfast.server.peers.StoreCluster;
import io.vertx.core.Vertx;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A store, loops, agents and instances as processes of their own on loopback addresses. Everything that it
/// started is dead after [#close].
final class Town implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(120);

    private static final int PORT_FIRST = 25_000;
    private static final int PORTS = 250;

    private static final Pattern PID = Pattern.compile("\"pid\":(\\d+)");

    final Path folder;
    final Etcd etcd;
    final LedgerStore ledger;
    final Map<String, Process> loops = new LinkedHashMap<>();
    final Map<String, Process> agents = new LinkedHashMap<>();
    private final AutoCloseable store;
    private final String storeUrl;
    private @Nullable StoreCluster servers; // null over etcd
    private final Vertx vertx = Vertx.vertx();
    private final List<Process> all = new ArrayList<>();

    private Town(Path folder, String storeUrl, AutoCloseable store) {
        this.folder = folder;
        this.storeUrl = storeUrl;
        this.store = store;
        this.etcd =
                Etcd.open(vertx, EtcdConfig.of(holdfast.server.client.Endpoint.parseAll(storeUrl)), Ticker.system());
        this.ledger = new LedgerStore(etcd);
    }

    /// Whose store it is.
    enum Store {
        /// A real etcd, beside which two loops run.
        ETCD,
        /// Three of our own servers, each with its loop.
        OWN
    }

    static Town over(Store store, Path folder) throws IOException, InterruptedException {
        Path data = Files.createDirectories(folder.resolve("store"));
        return switch (store) {
            case ETCD -> {
                RealEtcd etcd = RealEtcd.start(data, 1);
                Town town = new Town(folder, etcd.url(), etcd);
                town.loop("s1");
                town.loop("s2");
                yield town;
            }
            case OWN -> {
                StoreCluster cluster = StoreCluster.start(data, 3);
                Town town = new Town(folder, String.join(",", cluster.urls()), cluster);
                town.servers = cluster;
                yield town;
            }
        };
    }

    // ---- processes -------------------------------------------------------------------------------------------------

    private Process java(String name, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + "/bin/java",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx96m",
                "-cp",
                System.getProperty("java.class.path")));
        command.addAll(arguments);
        File log = folder.resolve(name + ".log").toFile();
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
                .start();
        all.add(process);
        return process;
    }

    void loop(String name) throws IOException {
        loops.put(
                name,
                java(
                        name,
                        List.of(
                                "holdfast.server.cli.Main",
                                "loop",
                                "--name=" + name,
                                "--listen-loop=127.0.0.1:0",
                                "--store=" + storeUrl)));
    }

    void agent(int number) throws IOException {
        agent(number, "2s");
    }

    void agent(int number, String leaseTtl) throws IOException {
        agents.put(
                "h" + number,
                java(
                        "h" + number,
                        List.of(
                                "holdfast.server.cli.Main",
                                "agent",
                                "--host=h" + number,
                                "--address=127.0.0." + number,
                                "--port=0",
                                "--lease-ttl=" + leaseTtl,
                                "--data=" + folder.resolve("data-h" + number),
                                "--store=" + storeUrl)));
    }

    static void signal(long pid, String signal) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + signal, "" + pid).start().waitFor();
    }

    String log(String name) {
        Path log = folder.resolve(name + ".log");
        try {
            return Files.readString(
                    Files.exists(log) ? log : folder.resolve("store").resolve(name + ".log"));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    // ---- the fleet -------------------------------------------------------------------------------------------------

    /// Hosts h1 to hN on 127.0.0.1 to 127.0.0.N and one service `web`.
    static Fleet fleet(int hosts, int instances, String... arguments) {
        List<HostSpec> specs = new ArrayList<>();
        for (int n = 1; n <= hosts; n++) specs.add(new HostSpec(new NodeId("h" + n), "127.0.0." + n));
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + "/bin/java",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx24m",
                "-cp",
                classes(),
                TinyService.class.getName(),
                "${address}",
                "${port}"));
        command.addAll(List.of(arguments));
        CheckSpec check = new CheckSpec.Http(
                "/health", new CheckSpec.Timing(Duration.ofMillis(250), Duration.ofMillis(250), 3, 2));
        ServiceSpec web = new ServiceSpec(
                "web",
                command,
                instances,
                freePorts(instances),
                List.of(),
                new TreeMap<>(),
                List.of(check),
                List.of(),
                ServiceSpec.RECOVERY_DEFAULT,
                Limits.DEFAULT,
                Duration.ofSeconds(15),
                Duration.ofSeconds(2),
                false,
                new TreeMap<>());
        return new Fleet("town", specs, List.of(web));
    }

    private static String classes() {
        try {
            return Path.of(TinyService.class
                            .getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (java.net.URISyntaxException bug) {
            throw new IllegalStateException(bug);
        }
    }

    /// The first of so many free ports in a row.
    private static int freePorts(int count) {
        int start = PORT_FIRST + (int) (System.nanoTime() >>> 10) % PORTS;
        for (int port = start; port < PORT_FIRST + PORTS; port++) {
            boolean free = true;
            for (int n = 0; n < count && free; n++) free = isFree(port + n);
            if (free) return port;
        }
        throw new IllegalStateException("no free ports from " + start);
    }

    private static boolean isFree(int port) {
        try (java.net.ServerSocket _ = new java.net.ServerSocket(port)) {
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    void apply(Fleet fleet) {
        long former = await(
                "the store answers",
                () -> ledger.fleet() instanceof Answer.Done<LedgerStore.Applied>(LedgerStore.Applied now)
                        ? Optional.of(now.revision())
                        : Optional.empty());
        assertThat(ledger.apply(fleet, former)).isInstanceOf(Outcome.Done.class);
    }

    // ---- what can be seen ------------------------------------------------------------------------------------------

    Seen seen() {
        return await(
                "the store answers",
                () -> ledger.read() instanceof Answer.Done<Seen>(Seen seen) ? Optional.of(seen) : Optional.empty());
    }

    List<Endpoint> endpoints() {
        return seen().ledger().endpoints();
    }

    void awaitEndpoints(int count) {
        awaitTrue(count + " endpoints", () -> endpoints().size() == count);
    }

    NodeId hostOf(Part.Instance instance) {
        return seen().ledger().assignments().stream()
                .filter(one -> one.instance().equals(instance))
                .findFirst()
                .orElseThrow()
                .host();
    }

    /// Every process of an instance that the host's agent wrote down.
    List<Long> pidsOn(String host) throws IOException {
        return instancePids(folder.resolve("data-" + host));
    }

    /// The pid that answers at the instance's place; empty when nobody does.
    Optional<Long> pid(Part.Instance instance) {
        return seen().ledger().assignments().stream()
                .filter(one -> one.instance().equals(instance))
                .findFirst()
                .flatMap(one -> pidAt(one.target()));
    }

    static Optional<Long> pidAt(String target) {
        try {
            HttpURLConnection call = (HttpURLConnection)
                    URI.create("http://" + target + "/").toURL().openConnection();
            call.setConnectTimeout(3_000);
            call.setReadTimeout(3_000);
            return Optional.of(
                    Long.parseLong(new String(call.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip()));
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    void awaitLeader() {
        awaitTrue("a leader of the loop", () -> seen().leader().isPresent());
    }

    void awaitCandidates(int count) {
        awaitTrue(count + " candidates", () -> candidates() >= count);
    }

    /// Kills the node that leads the loop, with the store's member in it if that is ours; answers its name.
    String killLeader() {
        String leader = seen().leader().orElseThrow().node();
        if (servers == null) loops.get(leader).destroyForcibly();
        else servers.server(Integer.parseInt(leader.substring(1)) - 1).kill9();
        return leader;
    }

    /// How many nodes stand for election of the loop.
    int candidates() {
        return etcd.range(Keys.below(Keys.LEADER), 0) instanceof Answer.Done<Snapshot>(Snapshot leaders)
                ? leaders.pairs().size()
                : 0;
    }

    /// Ids of the actions that a host's agent began, as its journal has them.
    List<String> begunActions(String host) throws IOException {
        return Files.readAllLines(folder.resolve("data-" + host).resolve("actions.log")).stream()
                .filter(line -> line.startsWith("begin "))
                .toList();
    }

    /// Run ids with which any agent says that it started the instance.
    List<String> startsOf(Part.Instance instance) {
        Pattern started = Pattern.compile("Started " + instance + " \\(run ([^,]+),");
        return agents.keySet().stream()
                .flatMap(host -> started.matcher(log(host)).results())
                .map(found -> found.group(1))
                .toList();
    }

    /// Instances outlive their agents on purpose: the agents wrote down what they started.
    private static List<Long> instancePids(Path folder) throws IOException {
        List<Long> pids = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(one -> one.toString().matches(".*/runs/.*\\.json"))
                    .toList()) {
                Matcher pid = PID.matcher(Files.readString(file));
                boolean alive = pid.find() && !Files.readString(file).contains("\"ended\":true");
                if (alive) pids.add(Long.parseLong(pid.group(1)));
            }
        }
        return pids;
    }

    /// The first incident about `subject` that is closed.
    Incident awaitClosed(Part subject) {
        return await(
                "an incident on " + subject + " is closed",
                () -> seen().closed().stream()
                        .filter(incident -> incident.subject().equals(subject))
                        .findFirst());
    }

    static void awaitTrue(String what, BooleanSupplier holds) {
        await(what, () -> holds.getAsBoolean() ? Optional.of(true) : Optional.empty());
    }

    static <T> T await(String what, Supplier<Optional<T>> look) {
        long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            Optional<T> found = look.get();
            if (found.isPresent()) return found.get();
            assertThat(System.nanoTime())
                    .as("waited %s for: %s", PATIENCE, what)
                    .isLessThan(deadlineNanos);
            try {
                TimeUnit.MILLISECONDS.sleep(20);
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
        }
    }

    @Override
    public void close() throws Exception {
        for (Process process : all) {
            signal(process.pid(), "CONT");
            process.destroyForcibly().waitFor();
        }
        for (long pid : instancePids(folder)) {
            signal(pid, "CONT");
            signal(pid, "KILL");
        }
        etcd.close();
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        store.close();
    }
}

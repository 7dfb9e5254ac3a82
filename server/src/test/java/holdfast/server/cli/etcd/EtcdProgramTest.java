package holdfast.server.cli.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.peers.Processes;
import holdfast.server.peers.RealEtcd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/// `dist/bin/etcd` as scripts and harnesses start it, driven by the real etcdctl and beside the real etcd.
final class EtcdProgramTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String READY = "serving client traffic insecurely; this is strongly discouraged!";

    @TempDir
    private Path folder;

    private Path program = Path.of("etcd");

    @BeforeEach
    void home() throws IOException {
        program = EtcdHome.in(folder);
    }

    @Test
    void oneMember_startedByFlags_servesEtcdctlAndKeepsItsDataOverARestart() throws Exception {
        int client = Processes.freePort();
        int second = Processes.freePort();
        int peer = Processes.freePort();
        int metrics = Processes.freePort();
        try (Processes processes = Processes.in(folder)) {
            Processes.Running one = processes.start(
                    "one",
                    List.of(
                            program.toString(),
                            "-name",
                            "Node_1",
                            "--data-dir=" + folder.resolve("one.etcd"),
                            "--listen-client-urls",
                            url(client) + "," + url(second),
                            "--advertise-client-urls=" + url(client),
                            "--listen-peer-urls=" + url(peer),
                            "--initial-advertise-peer-urls=" + url(peer),
                            "--initial-cluster=Node_1=" + url(peer),
                            "--listen-metrics-urls=" + url(metrics),
                            "--unsafe-no-fsync",
                            "--experimental-watch-progress-notify-interval=5s"),
                    Map.of("ETCD_SNAPSHOT_COUNT", "1000", "ETCD_NONSENSE", "x"));
            one.awaitOutput("successfully notified init daemon", LIMIT);
            assertThat(one.log())
                    .contains("\"msg\":\"ready to serve client requests\"")
                    .contains(READY, "\"address\":\"127.0.0.1:" + client + "\"")
                    .contains("unrecognized environment variable", "ETCD_NONSENSE=x")
                    .contains("recognized and used environment variable", "ETCD_SNAPSHOT_COUNT")
                    .containsOnlyOnce("--unsafe-no-fsync changes nothing in Holdfast");

            assertThat(one.log().lines())
                    .allSatisfy(line -> assertThat(
                                    JsonMapper.shared().readTree(line).has("level"))
                            .isTrue());

            assertThat(etcdctl(client, "put", "a", "1")).isEqualTo("OK\n");
            assertThat(etcdctl(second, "get", "a", "--print-value-only")).isEqualTo("1\n");
            assertThat(etcdctl(client, "member", "list")).contains("started, Node_1, " + url(peer), url(client));
            assertThat(etcdctl(metrics, "endpoint", "health")).doesNotContain("is healthy");

            one.terminate();
            assertThat(one.awaitEnd(LIMIT)).isZero();
            one.restart();
            Processes.await("it serves again", LIMIT, () -> count(one.log(), READY) == 4);
            assertThat(etcdctl(client, "get", "a", "--print-value-only")).isEqualTo("1\n");
        }
    }

    @Test
    void threeMembers_startedByInitialClusterEnvironmentAndFile_formOneCluster() throws Exception {
        List<Integer> clients = Stream.generate(Processes::freePort).limit(3).toList();
        List<Integer> peers = Stream.generate(Processes::freePort).limit(3).toList();
        String cluster = "m0=%s,m1=%s,m2=%s".formatted(url(peers.get(0)), url(peers.get(1)), url(peers.get(2)));
        try (Processes processes = Processes.in(folder)) {
            List<Processes.Running> members = new ArrayList<>();
            for (int number = 0; number < 3; number++) {
                Map<String, String> settings = new LinkedHashMap<>();
                settings.put("name", "m" + number);
                settings.put("data-dir", folder.resolve("m" + number).toString());
                settings.put("listen-client-urls", url(clients.get(number)));
                settings.put("advertise-client-urls", url(clients.get(number)));
                settings.put("listen-peer-urls", url(peers.get(number)));
                settings.put("initial-advertise-peer-urls", url(peers.get(number)));
                settings.put("initial-cluster", cluster);
                settings.put("initial-cluster-token", "test");
                settings.put("initial-cluster-state", "new");
                members.add(start(processes, number, settings));
            }
            for (Processes.Running member : members) member.awaitOutput(READY, LIMIT);

            assertThat(etcdctl(clients.get(0), "put", "k", "v")).isEqualTo("OK\n");
            assertThat(etcdctl(clients.get(2), "get", "k", "--print-value-only"))
                    .isEqualTo("v\n");
            assertThat(etcdctl(clients.get(1), "member", "list").lines())
                    .hasSize(3)
                    .allMatch(line -> line.contains("started, m"));
        }
    }

    @Test
    void autoTls_servesEncryptedToWhoeverAsks_andKeepsItsCertificate() throws Exception {
        int client = Processes.freePort();
        String https = "https://127.0.0.1:" + client;
        Path data = folder.resolve("tls.etcd");
        try (Processes processes = Processes.in(folder)) {
            Processes.Running one = processes.start(
                    "tls",
                    List.of(
                            program.toString(),
                            "--data-dir=" + data,
                            "--auto-tls",
                            "--listen-client-urls=" + https,
                            "--advertise-client-urls=" + https,
                            "--listen-peer-urls=http://127.0.0.1:0"),
                    Map.of());
            one.awaitOutput("serving client traffic securely", LIMIT);
            assertThat(etcdctlAt(https, "--insecure-skip-tls-verify", "put", "a", "1"))
                    .isEqualTo("OK\n");
            byte[] certificate = Files.readAllBytes(data.resolve("fixtures/client/host.pem"));
            one.terminate();
            assertThat(one.awaitEnd(LIMIT)).isZero();
            one.restart();
            Processes.await("it serves again", LIMIT, () -> count(one.log(), "serving client traffic securely") == 2);
            assertThat(etcdctlAt(https, "--insecure-skip-tls-verify", "get", "a", "--print-value-only"))
                    .isEqualTo("1\n");
            assertThat(data.resolve("fixtures/client/host.pem")).hasBinaryContent(certificate);
        }
    }

    /// The first by flags, the second by environment, the third by a file.
    private Processes.Running start(Processes processes, int number, Map<String, String> settings) throws IOException {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        Map<String, String> environment = new LinkedHashMap<>();
        if (number == 0) settings.forEach((name, value) -> command.add("--" + name + "=" + value));
        if (number == 1) {
            settings.forEach((name, value) ->
                    environment.put("ETCD_" + name.toUpperCase(Locale.ROOT).replace('-', '_'), value));
        }
        if (number == 2) {
            StringBuilder yaml = new StringBuilder("snapshot-count: 5000\nlog-outputs: [stderr]\n");
            settings.forEach((name, value) ->
                    yaml.append(name).append(": ").append(value).append('\n'));
            Path file = Files.writeString(folder.resolve("etcd.yaml"), yaml);
            command.addAll(List.of("--config-file", file.toString(), "--name=ignored"));
        }
        return processes.start("m" + number, command, environment);
    }

    @Test
    void wrongUsage_endsWithTheExitCodeOfTheRealEtcd() throws Exception {
        Optional<Path> real = RealEtcd.program("etcd");
        Assumptions.assumeTrue(real.isPresent(), "etcd is not installed");
        String here = url(Processes.freePort());
        List<List<String>> wrongs = List.of(
                List.of("--nosuch"),
                List.of("--snapshot-count=many"),
                List.of("--initial-cluster-state=old"),
                List.of("word"),
                List.of("--heartbeat-interval=2000"),
                List.of("--election-timeout=60000"),
                List.of("--auto-compaction-mode=sometimes"),
                List.of("--listen-client-urls=" + here),
                List.of("--listen-peer-urls=http://example.com:2380"),
                List.of("--config-file=" + folder.resolve("missing")),
                List.of("--name=a", "--initial-cluster=b=" + here, "--data-dir=" + folder.resolve("a")),
                List.of("--version"),
                List.of("--help"));
        for (List<String> wrong : wrongs) {
            assertThat(exit(program, wrong, "ours")).as("%s", wrong).isEqualTo(exit(real.get(), wrong, "real"));
        }
    }

    private Ended exit(Path which, List<String> arguments, String name) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(which.toString()));
        command.addAll(arguments);
        Path log = folder.resolve(name + ".out");
        Process process = new ProcessBuilder(command)
                .directory(
                        Files.createDirectories(folder.resolve("work " + name)).toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean ended = process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        if (!ended) process.destroyForcibly();
        assertThat(ended).as("%s ends", command).isTrue();
        String first = Files.readString(log).lines().findFirst().orElse("");
        boolean told = first.startsWith("etcd Version: 3.6.");
        return new Ended(
                process.exitValue(),
                told || first.startsWith("flag provided") || first.startsWith("invalid") ? first : "");
    }

    /// @param said the first line where scripts read it
    private record Ended(int status, String said) {}

    private static String url(int port) {
        return "http://127.0.0.1:" + port;
    }

    private static int count(String text, String part) {
        return (text.length() - text.replace(part, "").length()) / part.length();
    }

    private static String etcdctl(int port, String... arguments) throws IOException, InterruptedException {
        return etcdctlAt("127.0.0.1:" + port, arguments);
    }

    private static String etcdctlAt(String endpoint, String... arguments) throws IOException, InterruptedException {
        return EtcdHome.etcdctl(endpoint, arguments).out();
    }
}

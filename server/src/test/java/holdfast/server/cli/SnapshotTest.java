package holdfast.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.peers.Processes;
import holdfast.server.peers.RealEtcd;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A snapshot saved by the real etcdctl and by ours, looked into, damaged, and made into a new cluster of three.
final class SnapshotTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String READY = "ready to serve client requests";
    private static final int KEYS = 300;
    private static final int BUMP = 1_000_000;

    @TempDir
    private Path folder;

    private record Ran(int status, String out, String err) {}

    @Test
    void snapshot_savedOfOneMember_becomesANewClusterOfThree() throws Exception {
        Path theirs = folder.resolve("by-etcdctl.db");
        Path ours = folder.resolve("by-us.db");
        String before;
        long revision;
        try (Processes processes = Processes.in(folder)) {
            int client = Processes.freePort();
            String peer = url(Processes.freePort());
            Processes.Running one = member(processes, "one", folder.resolve("one"), client, peer, "one=" + peer);
            one.awaitOutput(READY, LIMIT);
            fill(client);
            assertThat(etcdctl(client, "snapshot", "save", theirs.toString())).contains("Snapshot saved");
            Ran saved = run("snapshot", "save", ours.toString(), "--endpoints", url(client));
            assertThat(saved.status()).as(saved.err()).isZero();
            before = kvs(client);
            revision = json(etcdctl(client, "get", "none", "-w", "json"))
                    .at("/header/revision")
                    .asLong();
        }
        assertThat(Files.size(theirs) % 512).isEqualTo(32);
        assertThat(Files.readAllBytes(ours)).isEqualTo(Files.readAllBytes(theirs)); // nothing was written between them

        JsonNode status =
                json(run("snapshot", "status", theirs.toString(), "-w", "json").out());
        assertThat(status.get("revision").asLong()).isEqualTo(revision);
        assertThat(status.get("totalKey").asLong()).isEqualTo(KEYS + 3L);
        assertThat(status.get("totalSize").asLong()).isEqualTo(Files.size(theirs));
        refuseDamaged(theirs);

        restoreThree(theirs, before, revision);
    }

    private static void fill(int client) throws Exception {
        String lease = etcdctl(client, "lease", "grant", "3600").split(" ")[1];
        for (int part = 0; part < KEYS; part += 100) {
            StringBuilder txn = new StringBuilder("\n");
            for (int key = part; key < part + 100; key++) txn.append("put k%03d value%d%n".formatted(key, key));
            etcdctlWith(txn + "\n\n", client, "txn");
        }
        etcdctl(client, "put", "--lease=" + lease, "leased", "x");
        etcdctl(client, "put", "k000", "again");
        etcdctl(client, "del", "k001");
    }

    private void refuseDamaged(Path whole) throws IOException {
        byte[] bytes = Files.readAllBytes(whole);
        bytes[bytes.length / 2] ^= 1;
        Path damaged = Files.write(folder.resolve("damaged.db"), bytes);
        Ran refused = run(
                "snapshot",
                "restore",
                damaged.toString(),
                "--data-dir",
                folder.resolve("no").toString());
        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.err()).contains("damaged");
        assertThat(folder.resolve("no")).doesNotExist();
        Path foreign = Files.write(folder.resolve("foreign.db"), new byte[1_024 + 32]);
        assertThat(run("snapshot", "status", foreign.toString()).err()).contains("no snapshot of Holdfast");
    }

    private void restoreThree(Path file, String before, long revision) throws Exception {
        List<Integer> clients = Stream.generate(Processes::freePort).limit(3).toList();
        List<String> peers =
                Stream.generate(() -> url(Processes.freePort())).limit(3).toList();
        String cluster = "r0=%s,r1=%s,r2=%s".formatted(peers.get(0), peers.get(1), peers.get(2));
        try (Processes processes = Processes.in(folder)) {
            List<Processes.Running> members = new ArrayList<>();
            for (int number = 0; number < 3; number++) {
                Path data = folder.resolve("r" + number);
                Ran restored = run(
                        "snapshot",
                        "restore",
                        file.toString(),
                        "--data-dir=" + data,
                        "--name=r" + number,
                        "--initial-cluster=" + cluster,
                        "--initial-advertise-peer-urls=" + peers.get(number),
                        "--initial-cluster-token=second",
                        "--bump-revision=" + BUMP,
                        "--mark-compacted");
                assertThat(restored.status()).as(restored.err()).isZero();
                members.add(member(processes, "r" + number, data, clients.get(number), peers.get(number), cluster));
            }
            Ran again = run("snapshot", "restore", file.toString(), "--data-dir=" + folder.resolve("r0"));
            assertThat(again.err()).contains("not empty");
            for (Processes.Running member : members) member.awaitOutput(READY, LIMIT);

            for (int client : clients) assertThat(kvs(client)).isEqualTo(before);
            assertThat(etcdctl(clients.get(0), "member", "list").lines())
                    .hasSize(3)
                    .allMatch(line -> line.contains(", r"));
            assertThat(etcdctl(clients.get(1), "lease", "list")).contains("found 1 leases");
            assertThat(etcdctl(clients.get(0), "put", "new", "1")).isEqualTo("OK\n");
            JsonNode fresh = json(etcdctl(clients.get(2), "get", "new", "-w", "json"));
            assertThat(fresh.at("/header/revision").asLong()).isEqualTo(revision + BUMP + 1);
            assertThat(etcdctl(clients.get(2), "get", "k000", "--rev=" + revision))
                    .isEmpty(); // compacted
        }
    }

    private static Processes.Running member(
            Processes processes, String name, Path data, int client, String peer, String cluster) {
        return processes.holdfast(
                name,
                List.of(
                        "etcd",
                        "--name=" + name,
                        "--data-dir=" + data,
                        "--listen-client-urls=" + url(client),
                        "--advertise-client-urls=" + url(client),
                        "--listen-peer-urls=" + peer,
                        "--initial-advertise-peer-urls=" + peer,
                        "--initial-cluster=" + cluster));
    }

    private static String url(int port) {
        return "http://127.0.0.1:" + port;
    }

    /// Every key with value, version, lease and revisions.
    private static String kvs(int client) throws Exception {
        return json(etcdctl(client, "get", "", "--prefix", "-w", "json"))
                .get("kvs")
                .toString();
    }

    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text);
    }

    private static Ran run(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Main.commandLine();
        line.setOut(new PrintWriter(out));
        line.setErr(new PrintWriter(err));
        return new Ran(line.execute(arguments), out.toString(), err.toString());
    }

    private static String etcdctl(int port, String... arguments) throws Exception {
        return etcdctlWith("", port, arguments);
    }

    private static String etcdctlWith(String input, int port, String... arguments) throws Exception {
        Optional<Path> etcdctl = RealEtcd.program("etcdctl");
        Assumptions.assumeTrue(etcdctl.isPresent(), "etcdctl is not installed");
        List<String> command = new ArrayList<>(List.of(etcdctl.get().toString(), "--endpoints=127.0.0.1:" + port));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (var stdin = process.getOutputStream()) {
            stdin.write(input.getBytes(StandardCharsets.UTF_8));
        }
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return out;
    }
}

package holdfast.server.cli.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.server.base.Ticker;
import holdfast.server.base.tls.LiveTls;
import holdfast.server.base.tls.SelfSigned;
import holdfast.server.peers.Processes;
import holdfast.server.truth.raft.Introduction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Encryption of `dist/bin/etcd` by etcd's flags, against clients and members that must be let in or refused.
final class EtcdTlsTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String READY = "ready to serve client requests";

    @TempDir
    private Path folder;

    private Path program = Path.of("etcd");

    @BeforeEach
    void home() throws IOException {
        program = EtcdHome.in(folder);
    }

    @Test
    void peerAutoTls_hidesWhatMembersSay_andPlainStrangersGetNowhere() throws Exception {
        List<Integer> clients = Stream.generate(Processes::freePort).limit(3).toList();
        List<Integer> peers = Stream.generate(Processes::freePort).limit(3).toList();
        List<String> initial = new ArrayList<>();
        for (int number = 0; number < 3; number++) initial.add("m" + number + "=https://127.0.0.1:" + peers.get(number));
        try (Processes processes = Processes.in(folder)) {
            List<Processes.Running> members = new ArrayList<>();
            for (int number = 0; number < 3; number++) {
                List<String> command = new ArrayList<>(List.of(
                        program.toString(),
                        "--name=m" + number,
                        "--data-dir=" + folder.resolve("m" + number),
                        "--listen-client-urls=http://127.0.0.1:" + clients.get(number),
                        "--advertise-client-urls=http://127.0.0.1:" + clients.get(number),
                        "--listen-peer-urls=https://127.0.0.1:" + peers.get(number),
                        "--initial-advertise-peer-urls=https://127.0.0.1:" + peers.get(number),
                        "--initial-cluster=" + String.join(",", initial)));
                boolean flag = number > 0; // the first by its environment
                if (flag) command.add("--peer-auto-tls");
                members.add(processes.start(
                        "m" + number, command, flag ? Map.of() : Map.of("ETCD_PEER_AUTO_TLS", "true")));
            }
            for (Processes.Running member : members) member.awaitOutput(READY, LIMIT);
            for (Processes.Running member : members) {
                assertThat(member.log())
                        .contains("automatically generate certificates", "certificate-validity-bound-not-after")
                        .contains("whoever speaks TLS may pass for a member");
            }
            assertThat(folder.resolve("m2/fixtures/peer/host.pem")).isRegularFile();
            assertThat(etcdctl(clients.get(0), "put", "k", "v")).isEqualTo("OK\n");
            assertThat(etcdctl(clients.get(2), "get", "k", "--print-value-only")).isEqualTo("v\n");

            for (int peer : peers) {
                assertThatThrownBy(() -> Introduction.ask("127.0.0.1:" + peer, null))
                        .isInstanceOf(IOException.class);
                assertThat(Introduction.ask("127.0.0.1:" + peer, anybody()).peers())
                        .hasSize(3);
            }
            assertThat(etcdctl(clients.get(1), "endpoint", "health", "--cluster").lines())
                    .hasSize(3);

            byte[] certificate = Files.readAllBytes(folder.resolve("m1/fixtures/peer/host.pem"));
            members.get(1).terminate();
            assertThat(members.get(1).awaitEnd(LIMIT)).isZero();
            members.get(1).restart();
            Processes.await("it serves again", LIMIT, () -> members.get(1).log().split(READY, -1).length == 3);
            assertThat(folder.resolve("m1/fixtures/peer/host.pem")).hasBinaryContent(certificate);
            assertThat(etcdctl(clients.get(1), "get", "k", "--print-value-only")).isEqualTo("v\n");
        }
    }

    private SSLContext anybody() throws Exception {
        LiveTls.Pem made = SelfSigned.in(folder.resolve("anybody"), "x", List.of("127.0.0.1"), Ticker.system());
        return LiveTls.open(made).uncheckedContext();
    }

    private static String etcdctl(int port, String... arguments) throws IOException, InterruptedException {
        return EtcdHome.etcdctl("127.0.0.1:" + port, arguments).out();
    }
}

package holdfast.server.cli.etcd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.server.base.Ticker;
import holdfast.server.base.tls.Authority;
import holdfast.server.base.tls.Identity;
import holdfast.server.base.tls.LiveTls;
import holdfast.server.base.tls.SelfSigned;
import holdfast.server.peers.Processes;
import holdfast.server.peers.Revocations;
import holdfast.server.truth.raft.Introduction;
import java.io.File;
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
        try (Processes processes = Processes.in(folder)) {
            List<Processes.Running> members = new ArrayList<>();
            for (int number = 0; number < 3; number++) {
                List<String> command = member(number, "http", clients, peers);
                boolean flag = number > 0; // the first by its environment
                if (flag) command.add("--peer-auto-tls");
                members.add(
                        processes.start("m" + number, command, flag ? Map.of() : Map.of("ETCD_PEER_AUTO_TLS", "true")));
            }
            awaitReady(members);
            for (Processes.Running member : members) {
                assertThat(member.log())
                        .contains("automatically generate certificates", "certificate-validity-bound-not-after")
                        .contains("whoever speaks TLS may pass for a member");
            }
            assertThat(folder.resolve("m2/fixtures/peer/host.pem")).isRegularFile();
            assertThat(etcdctl(clients.get(0), "put", "k", "v")).isEqualTo("OK\n");
            assertThat(etcdctl(clients.get(2), "get", "k", "--print-value-only"))
                    .isEqualTo("v\n");

            for (int peer : peers) {
                assertThatThrownBy(() -> Introduction.ask("127.0.0.1:" + peer, null))
                        .isInstanceOf(IOException.class);
                assertThat(Introduction.ask("127.0.0.1:" + peer, anybody()).peers())
                        .hasSize(3);
            }
            assertThat(etcdctl(clients.get(1), "endpoint", "health", "--cluster")
                            .lines())
                    .hasSize(3);

            byte[] certificate = Files.readAllBytes(folder.resolve("m1/fixtures/peer/host.pem"));
            members.get(1).terminate();
            assertThat(members.get(1).awaitEnd(LIMIT)).isZero();
            members.get(1).restart();
            Processes.await("it serves again", LIMIT, () -> members.get(1).log().split(READY, -1).length == 3);
            assertThat(folder.resolve("m1/fixtures/peer/host.pem")).hasBinaryContent(certificate);
            assertThat(etcdctl(clients.get(1), "get", "k", "--print-value-only"))
                    .isEqualTo("v\n");
        }
    }

    /// How one member is started whose peers speak TLS.
    private List<String> member(int number, String clientScheme, List<Integer> clients, List<Integer> peers) {
        String client = clientScheme + "://127.0.0.1:" + clients.get(number);
        List<String> peerUrls =
                peers.stream().map(port -> "https://127.0.0.1:" + port).toList();
        List<String> initial = new ArrayList<>();
        for (int each = 0; each < peers.size(); each++) initial.add("m" + each + "=" + peerUrls.get(each));
        return new ArrayList<>(List.of(
                program.toString(),
                "--name=m" + number,
                "--data-dir=" + folder.resolve("m" + number),
                "--listen-client-urls=" + client,
                "--advertise-client-urls=" + client,
                "--listen-peer-urls=" + peerUrls.get(number),
                "--initial-advertise-peer-urls=" + peerUrls.get(number),
                "--initial-cluster=" + String.join(",", initial)));
    }

    @Test
    void certificatesRevokedOrOfOthers_oldVersionsAndOtherSuites_areRefused_andChangedFilesCountAtOnce()
            throws Exception {
        Authority authority = Authority.create("first", Ticker.system());
        Identity server = identity(authority, "server", "server", "localhost");
        Identity good = identity(authority, "good", "good", "client.example");
        Identity revoked = identity(authority, "revoked", "revoked", "client.example");
        Identity elsewhere = identity(authority, "elsewhere", "elsewhere", "elsewhere.example");
        Identity stranger = identity(authority, "stranger", "stranger", "localhost");
        Path list = folder.resolve("revoked.pem");
        Revocations.write(list, authority, Revocations.serial(revoked.certificateFile()));
        List<Integer> clients = Stream.generate(Processes::freePort).limit(2).toList();
        List<Integer> peers = Stream.generate(Processes::freePort).limit(2).toList();
        List<Identity> members = List.of(
                identity(authority, "peer-0", "member-0", "localhost"),
                identity(authority, "peer-1", "member-1", "localhost"));
        try (Processes processes = Processes.in(folder)) {
            List<Processes.Running> running = new ArrayList<>();
            for (int number = 0; number < 2; number++) {
                List<String> command = member(number, "https", clients, peers);
                command.addAll(List.of(
                        "--client-cert-auth",
                        "--client-crl-file=" + list,
                        "--client-cert-allowed-hostname=client.example",
                        "--peer-client-cert-auth",
                        "--peer-cert-allowed-cn=member-0,member-1",
                        number == 0
                                ? "--tls-min-version=TLS1.3"
                                : "--cipher-suites=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"));
                command.addAll(files("", server));
                command.addAll(files("peer-", members.get(number)));
                running.add(processes.start("m" + number, command, Map.of()));
            }
            awaitReady(running);

            for (int client : clients) {
                assertThat(put(client, good, "20s").out()).isEqualTo("OK\n");
                assertThat(put(client, revoked, "1s").status()).isNotZero();
                assertThat(put(client, elsewhere, "1s").status()).isNotZero();
                assertThat(EtcdHome.etcdctl(
                                        "https://127.0.0.1:" + client,
                                        "--command-timeout=1s",
                                        "--cacert=" + good.authorityFile(),
                                        "put",
                                        "k",
                                        "v")
                                .status())
                        .isNotZero();
            }
            assertThat(handshake(clients.get(0), good, "-tls1_3")).isTrue();
            assertThat(handshake(clients.get(0), good, "-tls1_2")).isFalse();
            assertThat(handshake(clients.get(1), good, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"))
                    .isTrue();
            assertThat(handshake(clients.get(1), good, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"))
                    .isFalse();
            assertThat(handshake(clients.get(1), revoked, "-tls1_2")).isFalse();
            assertThat(handshake(peers.get(0), members.get(1), "-tls1_2")).isFalse(); // members speak TLS 1.3 only

            assertThat(isLetIn(peers.get(0), members.get(1))).isTrue();
            assertThat(isLetIn(peers.get(0), stranger)).isFalse();

            Authority second = Authority.create("second", Ticker.system());
            for (int number = 0; number < 2; number++)
                identity(second, "peer-" + number, "member-" + number, "localhost");
            Identity old = identity(authority, "old", "member-1", "localhost");
            for (int number = 0; number < 2; number++) {
                assertThat(isLetIn(peers.get(number), members.get(1 - number))).isTrue();
                assertThat(isLetIn(peers.get(number), old)).isFalse();
            }
            running.get(1).terminate(); // what it shows now, the other knows from its changed file only
            assertThat(running.get(1).awaitEnd(LIMIT)).isZero();
            running.get(1).restart();
            Processes.await("it serves again", LIMIT, () -> running.get(1).log().split(READY, -1).length == 3);
            assertThat(put(clients.get(0), good, "20s").out()).isEqualTo("OK\n");
        }
    }

    /// Fails with the logs of all of them: why one waits, the other knows.
    private static void awaitReady(List<Processes.Running> members) {
        try {
            Processes.await(
                    "all are ready",
                    LIMIT,
                    () -> members.stream().allMatch(member -> member.log().contains(READY))
                            || members.stream().anyMatch(member -> !member.isAlive()));
            assertThat(members).allMatch(Processes.Running::isAlive);
        } catch (AssertionError late) {
            StringBuilder logs = new StringBuilder();
            for (Processes.Running member : members) {
                String log = member.log();
                logs.append(member.name())
                        .append('\n')
                        .append(log, 0, Math.min(log.length(), 4_000))
                        .append('\n');
            }
            throw new AssertionError(logs.toString(), late);
        }
    }

    private Identity identity(Authority authority, String place, String commonName, String host) throws Exception {
        Identity.Applicant applicant = Identity.Applicant.create(commonName);
        String certificate = authority.sign(applicant.requestPem(), commonName, List.of(host), Ticker.system());
        return Identity.save(folder.resolve(place), authority.certificatePem(), certificate, applicant.keyPem());
    }

    private static List<String> files(String side, Identity identity) {
        return List.of(
                "--" + side + "cert-file=" + identity.certificateFile(),
                "--" + side + "key-file=" + identity.keyFile(),
                "--" + side + "trusted-ca-file=" + identity.authorityFile());
    }

    private static EtcdHome.Told put(int port, Identity who, String limit) throws IOException, InterruptedException {
        return EtcdHome.etcdctl(
                "https://127.0.0.1:" + port,
                "--command-timeout=" + limit,
                "--cacert=" + who.authorityFile(),
                "--cert=" + who.certificateFile(),
                "--key=" + who.keyFile(),
                "put",
                "k",
                "v");
    }

    /// Whether openssl and the server agree; with TLS 1.3 the server may refuse the client behind that.
    private static boolean handshake(int port, Identity who, String... how) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "openssl",
                "s_client",
                "-brief",
                "-connect",
                "127.0.0.1:" + port,
                "-CAfile",
                who.authorityFile().toString(),
                "-cert",
                who.certificateFile().toString(),
                "-key",
                who.keyFile().toString()));
        command.addAll(List.of(how));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        return process.waitFor() == 0 && said.contains("CONNECTION ESTABLISHED");
    }

    /// Whether the member at that port answers whoever shows this identity, and is believed by it.
    private static boolean isLetIn(int peer, Identity who) throws Exception {
        try {
            return Introduction.ask("127.0.0.1:" + peer, who.sslContext())
                            .peers()
                            .size()
                    == 2;
        } catch (IOException _) {
            return false;
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

package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.base.tls.Authority;
import holdfast.server.base.tls.Identity;
import holdfast.server.base.tls.LiveTls;
import holdfast.server.peers.RealEtcd;
import holdfast.server.truth.Credentials;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The real `etcdctl` over mutual TLS.
final class EtcdDoorTlsTest {
    @Test
    void client_withAndWithoutItsCertificate_isLetInAndRefused(@TempDir Path folder) throws Exception {
        Path etcdctl = RealEtcd.program("etcdctl").orElse(null);
        Assumptions.assumeTrue(etcdctl != null, "etcdctl is not installed: tools/install-etcd builds it");
        Authority authority = Authority.create("test", Ticker.system());
        Identity server = identity(authority, "server", folder.resolve("server"));
        Identity user = identity(authority, "user", folder.resolve("user"));
        EtcdConfig.Tls tls = tls(server, true);
        Vertx vertx = Vertx.vertx();
        try (MemoryStore store = new MemoryStore();
                EtcdDoor door = EtcdDoor.open(
                        EtcdConfig.at("127.0.0.1", 0).with(tls), vertx, store, new DoorMetrics(new Metrics()))) {
            List<String> anonymous = List.of(
                    etcdctl.toString(),
                    "--endpoints=https://127.0.0.1:" + door.port(),
                    "--command-timeout=5s",
                    "--cacert=" + user.authorityFile());
            List<String> known = new ArrayList<>(anonymous);
            known.add("--cert=" + user.certificateFile());
            known.add("--key=" + user.keyFile());
            assertThat(run(known, "put", "a", "b")).isEqualTo("0 OK\n");
            assertThat(run(known, "get", "a")).isEqualTo("0 a\nb\n");
            assertThat(run(anonymous, "get", "a")).startsWith("1 ");
        } finally {
            vertx.close();
        }
    }

    @Test
    void client_withoutToken_isWhomItsCertificateNames_ifThatIsWanted(@TempDir Path folder) throws Exception {
        Path etcdctl = RealEtcd.program("etcdctl").orElse(null);
        Assumptions.assumeTrue(etcdctl != null, "etcdctl is not installed: tools/install-etcd builds it");
        Authority authority = Authority.create("test", Ticker.system());
        Identity server = identity(authority, "server", folder.resolve("server"));
        Identity user = identity(authority, "alice", folder.resolve("user"));
        assertThat(shown(etcdctl, user, tls(server, true))).containsOnly(new Credentials.Certificate("alice"));
        assertThat(shown(etcdctl, user, tls(server, false))).containsOnly(Credentials.NONE);
    }

    private static List<Credentials> shown(Path etcdctl, Identity user, EtcdConfig.Tls tls) throws Exception {
        Vertx vertx = Vertx.vertx();
        try (MemoryStore store = new MemoryStore();
                EtcdDoor door = EtcdDoor.open(
                        EtcdConfig.at("127.0.0.1", 0).with(tls), vertx, store, new DoorMetrics(new Metrics()))) {
            store.judging = true;
            List<String> etcdctlOfUser = List.of(
                    etcdctl.toString(),
                    "--endpoints=https://127.0.0.1:" + door.port(),
                    "--command-timeout=5s",
                    "--cacert=" + user.authorityFile(),
                    "--cert=" + user.certificateFile(),
                    "--key=" + user.keyFile());
            assertThat(run(etcdctlOfUser, "put", "a", "b")).isEqualTo("0 OK\n");
            return store.shown;
        } finally {
            vertx.close();
        }
    }

    private static EtcdConfig.Tls tls(Identity server, boolean namesUsers) throws Exception {
        LiveTls.Pem pem = LiveTls.Pem.of(server.certificateFile(), server.keyFile(), server.authorityFile());
        return EtcdConfig.Tls.of(LiveTls.open(pem), namesUsers);
    }

    private static Identity identity(Authority authority, String host, Path folder) throws Exception {
        Identity.Applicant applicant = Identity.Applicant.create(host);
        String certificate = authority.sign(applicant.requestPem(), host, List.of("127.0.0.1"), Ticker.system());
        return Identity.save(folder, authority.certificatePem(), certificate, applicant.keyPem());
    }

    private static String run(List<String> program, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(program);
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return process.waitFor() + " " + out;
    }
}

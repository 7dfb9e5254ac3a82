package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.base.tls.Authority;
import holdfast.server.base.tls.Identity;
import holdfast.server.base.tls.LiveTls;
import holdfast.server.base.tls.SelfSigned;
import holdfast.server.peers.Revocations;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// TLS of the door from files that change under it.
final class TlsReloadTest {
    @TempDir
    private Path folder;

    private Vertx vertx;
    private MemoryStore store;
    private Authority authority;
    private Identity server;
    private @Nullable EtcdDoor door;

    @BeforeEach
    void prepare() throws Exception {
        vertx = Vertx.vertx();
        store = new MemoryStore();
        authority = Authority.create("test", Ticker.system());
        server = identity("server", folder.resolve("server"));
    }

    @AfterEach
    void close() throws Exception {
        if (door != null) door.close();
        store.close();
        DoorClient.get(vertx.close());
    }

    private Identity identity(String host, Path where) throws Exception {
        Identity.Applicant applicant = Identity.Applicant.create(host);
        String certificate = authority.sign(applicant.requestPem(), host, List.of("127.0.0.1"), Ticker.system());
        return Identity.save(where, authority.certificatePem(), certificate, applicant.keyPem());
    }

    private int open(EtcdConfig.Tls tls) throws Exception {
        EtcdDoor opened =
                EtcdDoor.open(EtcdConfig.at("127.0.0.1", 0).with(tls), vertx, store, new DoorMetrics(new Metrics()));
        door = opened;
        return opened.port();
    }

    private int open(LiveTls.Pem files) throws Exception {
        return open(EtcdConfig.Tls.of(LiveTls.open(files)));
    }

    /// The certificate that the server shows to a client of its own, which trusts everybody.
    private static X509Certificate shown(int port, @Nullable Identity client, String... versions) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        KeyManager[] keys = client == null
                ? null
                : new KeyManager[] {
                    LiveTls.open(LiveTls.Pem.of(client.certificateFile(), client.keyFile(), null))
                            .keys()
                };
        context.init(keys, new TrustManager[] {new Everybody()}, null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
            socket.setSoTimeout(30_000);
            if (versions.length > 0) socket.setEnabledProtocols(versions);
            socket.startHandshake();
            socket.getOutputStream().write("GET /version HTTP/1.1\r\nHost: x\r\n\r\n".getBytes());
            // With TLS 1.3 a server that refuses the client's certificate says so only now.
            if (socket.getInputStream().read() != 'H') throw new SSLException("no answer");
            return (X509Certificate) socket.getSession().getPeerCertificates()[0];
        }
    }

    private record Everybody() implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    @Test
    void certificate_replacedWhileOpen_isShownToWhoeverConnectsNext() throws Exception {
        int port = open(LiveTls.Pem.of(server.certificateFile(), server.keyFile(), null));
        BigInteger first = shown(port, null).getSerialNumber();
        assertThat(shown(port, null).getSerialNumber()).isEqualTo(first);

        Identity fresh = identity("server", folder.resolve("fresh"));
        // Between the two moves key and certificate do not fit: the old ones serve.
        Files.move(fresh.certificateFile(), server.certificateFile(), StandardCopyOption.REPLACE_EXISTING);
        assertThat(shown(port, null).getSerialNumber()).isEqualTo(first);
        Files.move(fresh.keyFile(), server.keyFile(), StandardCopyOption.REPLACE_EXISTING);
        BigInteger second = shown(port, null).getSerialNumber();
        assertThat(second).isNotEqualTo(first);

        Files.writeString(server.certificateFile(), "this is no certificate\n");
        assertThat(shown(port, null).getSerialNumber()).isEqualTo(second);
        Files.delete(server.keyFile());
        assertThat(shown(port, null).getSerialNumber()).isEqualTo(second);

        identity("server", folder.resolve("server"));
        assertThat(shown(port, null).getSerialNumber()).isNotIn(first, second);
    }

    @Test
    void connection_thatWasThereBefore_outlivesTheChange() throws Exception {
        int port = open(LiveTls.Pem.of(server.certificateFile(), server.keyFile(), null));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new Everybody()}, null);
        try (SSLSocket before = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
            before.setSoTimeout(30_000);
            before.startHandshake();
            identity("server", folder.resolve("server"));
            assertThat(shown(port, null)).isNotEqualTo(before.getSession().getPeerCertificates()[0]);
            before.getOutputStream().write("GET /version HTTP/1.1\r\nHost: x\r\n\r\n".getBytes());
            assertThat(before.getInputStream().read()).isEqualTo('H');
        }
    }

    @Test
    void clientCertificates_areJudgedByTheFilesOfTheMoment() throws Exception {
        Identity user = identity("user", folder.resolve("user"));
        int port = open(LiveTls.Pem.of(server.certificateFile(), server.keyFile(), server.authorityFile()));
        assertThat(shown(port, user)).isNotNull();
        assertThat(refused(port, null)).isTrue();

        Authority other = Authority.create("other", Ticker.system());
        Files.writeString(server.authorityFile(), other.certificatePem());
        assertThat(refused(port, user)).isTrue();
        Files.writeString(server.authorityFile(), other.certificatePem() + authority.certificatePem());
        assertThat(shown(port, user)).isNotNull();
    }

    private static boolean refused(int port, @Nullable Identity client) throws Exception {
        try {
            shown(port, client);
            return false;
        } catch (IOException _) {
            return true;
        }
    }

    @Test
    void revokedCertificate_andForeignName_areRefused() throws Exception {
        Identity good = identity("good", folder.resolve("good"));
        Identity bad = identity("bad", folder.resolve("bad"));
        Path list = folder.resolve("revoked.pem");
        Revocations.write(list, authority, BigInteger.ONE);
        int port = open(new LiveTls.Pem(
                server.certificateFile(),
                server.keyFile(),
                server.authorityFile(),
                list,
                List.of("good", "bad"),
                List.of("127.0.0.1")));
        assertThat(refused(port, bad)).isFalse();
        assertThat(refused(port, identity("else", folder.resolve("else")))).isTrue();
        Revocations.write(list, authority, Revocations.serial(bad.certificateFile()));
        assertThat(refused(port, bad)).isTrue();
        assertThat(refused(port, good)).isFalse();
    }

    @Test
    void version_thatIsNotAllowed_isRefused() throws Exception {
        LiveTls live = LiveTls.open(LiveTls.Pem.of(server.certificateFile(), server.keyFile(), null));
        int port = open(
                new EtcdConfig.Tls(live, List.of("TLSv1.2"), List.of("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"), true));
        assertThat(shown(port, null, "TLSv1.2")).isNotNull();
        assertThat(refused(port, null)).isFalse();
        boolean refused = false;
        try {
            shown(port, null, "TLSv1.3");
        } catch (IOException _) {
            refused = true;
        }
        assertThat(refused).isTrue();
    }

    @Test
    void selfSigned_isMadeOnceAndServes() throws Exception {
        Path own = folder.resolve("own");
        LiveTls.Pem made = SelfSigned.in(own, "m1", List.of("127.0.0.1"), Ticker.system());
        String certificate = Files.readString(made.certificate());
        int port = open(made);
        assertThat(shown(port, null).getSubjectX500Principal().getName()).isEqualTo("CN=m1");
        SelfSigned.in(own, "m1", List.of("127.0.0.1"), Ticker.system());
        assertThat(Files.readString(made.certificate())).isEqualTo(certificate);
        assertThat(Duration.between(
                        Ticker.system().now(), shown(port, null).getNotAfter().toInstant()))
                .isGreaterThan(Duration.ofDays(300));
    }
}

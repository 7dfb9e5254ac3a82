package holdfast.server.base.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.core.base.Dice;
import holdfast.core.base.Require;
import holdfast.server.base.Ticker;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Mutual TLS by our own authority, over real sockets.
final class IdentityTest {
    @TempDir
    private Path folder;

    private Authority authority;
    private Identity server;

    @BeforeEach
    void makeCluster() throws Exception {
        authority = Authority.create("test", Ticker.system());
        server = identity(authority, "h1");
    }

    @Test
    void host_ofTheCluster_isLetIn() throws Exception {
        assertThat(shake(server.sslContext(), identity(authority, "h2").sslContext()))
                .isEqualTo("CN=h2");
    }

    @Test
    void host_ofAnotherCluster_isRefused() throws Exception {
        Identity foreign = identity(Authority.create("test", Ticker.system()), "h2");
        assertThatThrownBy(() -> shake(server.sslContext(), foreign.sslContext()))
                .isInstanceOf(SSLException.class);
    }

    @Test
    void joiner_withTheTokenOfThisCluster_trustsIt() throws Exception {
        JoinToken token = JoinToken.create(authority);
        assertThat(shake(server.sslContext(), token.sslContext(), false)).isEqualTo("nobody");
    }

    @Test
    void joiner_withTheTokenOfAnotherCluster_saysNothing() throws Exception {
        JoinToken token = JoinToken.create(Authority.create("test", Ticker.system()));
        assertThatThrownBy(() -> shake(server.sslContext(), token.sslContext(), false))
                .isInstanceOf(SSLException.class)
                .hasStackTraceContaining("another cluster's authority");
    }

    @Test
    void authority_savedAndLoaded_signsAsBefore() throws Exception {
        authority.save(folder.resolve("ca"));
        Authority again = Authority.load(folder.resolve("ca"));
        assertThat(again.fingerprint()).isEqualTo(authority.fingerprint());
        assertThat(shake(server.sslContext(), identity(again, "h3").sslContext()))
                .isEqualTo("CN=h3");
        assertThat(Files.getPosixFilePermissions(folder.resolve("ca").resolve(Authority.KEY_FILE)))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    void token_printedAndRead_isTheSame() throws Exception {
        JoinToken token = JoinToken.create(authority);
        assertThat(JoinToken.parse(token.toString())).isEqualTo(token);
        assertThat(token.toString()).doesNotContainAnyWhitespaces();
    }

    @Test
    void token_mistypedAnywhere_isRefusedByName() throws Exception {
        String text = JoinToken.create(authority).toString();
        Dice dice = new Dice(7);
        for (int round = 0; round < 500; round++) {
            int at = 3 + dice.nextInt(text.length() - 3);
            char other = "0123456789abcdef".charAt(dice.nextInt(16));
            if (other == text.charAt(at)) continue;
            String mistyped = text.substring(0, at) + other + text.substring(at + 1);
            assertThatThrownBy(() -> JoinToken.parse(mistyped))
                    .isInstanceOf(Require.BadValue.class)
                    .hasMessageContaining("--token");
        }
    }

    private Identity identity(Authority by, String host) throws Exception {
        Identity.Applicant applicant = Identity.Applicant.create(host);
        String certificate = by.sign(applicant.requestPem(), host, List.of("127.0.0.2"), Ticker.system());
        return Identity.save(
                Files.createTempDirectory(folder, host), by.certificatePem(), certificate, applicant.keyPem());
    }

    private static String shake(SSLContext server, SSLContext client) throws Exception {
        return shake(server, client, true);
    }

    /// One handshake with the host name checked; the name that the server saw.
    private static String shake(SSLContext server, SSLContext client, boolean wantsClient) throws Exception {
        InetAddress here = InetAddress.getByName("127.0.0.1");
        try (SSLServerSocket listening =
                        (SSLServerSocket) server.getServerSocketFactory().createServerSocket(0, 1, here);
                SSLSocket socket = (SSLSocket) client.getSocketFactory().createSocket()) {
            listening.setNeedClientAuth(wantsClient);
            CompletableFuture<String> seen = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> {
                try (SSLSocket accepted = (SSLSocket) listening.accept()) {
                    accepted.startHandshake();
                    seen.complete(
                            wantsClient
                                    ? accepted.getSession().getPeerPrincipal().getName()
                                    : "nobody");
                    accepted.getOutputStream().write(1);
                } catch (IOException failed) {
                    seen.completeExceptionally(failed);
                }
            });
            socket.connect(listening.getLocalSocketAddress());
            SSLParameters checked = socket.getSSLParameters();
            checked.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(checked);
            socket.startHandshake();
            if (socket.getInputStream().read() != 1) throw new SSLException("closed after the handshake");
            return seen.get();
        }
    }
}

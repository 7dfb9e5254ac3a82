package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.peers.RealEtcd;
import holdfast.server.peers.StoreCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Users, roles and both kinds of tokens, message by message, against real etcd and against ours.
final class AuthTranscriptTest {
    @ParameterizedTest
    @ValueSource(strings = {"auth-simple", "auth-jwt"})
    void transcript_againstBoth_isEqual(String kind, @TempDir Path folder) throws Exception {
        Path module = ForeignClientTest.MODULE;
        Assumptions.assumeTrue(
                Files.exists(module.resolve("class-path")), "module clients is not built: run Maven from the root");
        List<String> flags = kind.equals("auth-jwt")
                ? List.of("--auth-token=" + jwt(folder), "--bcrypt-cost=4")
                : List.of("--auth-token=simple", "--bcrypt-cost=4");
        String etcdLife = "--auth-token-ttl=6";
        String ourLife = "--auth-token-ttl=6s";
        try (RealEtcd etcd = RealEtcd.start(
                        Files.createDirectory(folder.resolve("etcd")), 3, flags.get(0), flags.get(1), etcdLife);
                StoreCluster holdfast = StoreCluster.start(
                        Files.createDirectory(folder.resolve("holdfast")),
                        3,
                        "--loop=off",
                        flags.get(0),
                        flags.get(1),
                        ourLife);
                ExecutorService both = Executors.newCachedThreadPool()) {
            Future<Transcript> realRun =
                    both.submit(() -> ForeignClientTest.run(module, kind, etcd.url(0), folder.resolve("real.said")));
            String follower = holdfast.url((holdfast.awaitLeader() + 1) % 3);
            Future<Transcript> ourRun =
                    both.submit(() -> ForeignClientTest.run(module, kind, follower, folder.resolve("ours.said")));

            List<String> differences = realRun.get().differencesTo(ourRun.get());
            System.out.println(kind + " transcript: " + realRun.get().steps().size() + " steps, " + differences.size()
                    + " differences");
            assertThat(differences).isEmpty();
        }
    }

    private static String jwt(Path folder) throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance("RSA").generateKeyPair();
        Path open = folder.resolve("public.pem");
        Path secret = folder.resolve("private.pem");
        Files.writeString(open, pem("PUBLIC KEY", pair.getPublic()));
        Files.writeString(secret, pem("PRIVATE KEY", pair.getPrivate()));
        return "jwt,pub-key=" + open + ",priv-key=" + secret + ",sign-method=RS256,ttl=6s";
    }

    static String pem(String kind, Key key) {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded());
        return "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n";
    }
}

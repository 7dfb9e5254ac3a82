package holdfast.server.truth.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.core.base.Bytes;
import holdfast.core.base.Require.BadValue;
import holdfast.core.truth.Caller;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Signed tokens by every method.
final class JwtTest {
    private static final long NOW = 1_700_000_000_000L;
    private static final Bytes ALICE = Bytes.utf8("alice \"\u00e4\"");

    @TempDir
    private Path folder;

    private static KeyPair pair(String method) throws Exception {
        if (!method.startsWith("ES"))
            return KeyPairGenerator.getInstance(method.equals("EdDSA") ? "Ed25519" : "RSA")
                    .generateKeyPair();
        KeyPairGenerator curve = KeyPairGenerator.getInstance("EC");
        String bits = method.substring(2).equals("512") ? "521" : method.substring(2);
        curve.initialize(new ECGenParameterSpec("secp" + bits + "r1"));
        return curve.generateKeyPair();
    }

    private Path file(String kind, Key key) throws Exception {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded());
        return Files.writeString(
                folder.resolve(kind.replace(' ', '-') + "-" + System.identityHashCode(key)),
                "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HS256", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
                "EdDSA"
            })
    void token_signedByAnyMethod_isVerified_andNoOther(String method) throws Exception {
        Jwt signs;
        Jwt verifies;
        Jwt another;
        if (method.startsWith("HS")) {
            Path secret = Files.write(folder.resolve("secret"), "secret".getBytes(UTF_8));
            Path other = Files.write(folder.resolve("other"), "other".getBytes(UTF_8));
            signs = Jwt.of(Map.of("sign-method", method, "priv-key", secret.toString()));
            verifies = signs;
            another = Jwt.of(Map.of("sign-method", method, "priv-key", other.toString()));
        } else {
            KeyPair pair = pair(method);
            Path secret = file("PRIVATE KEY", pair.getPrivate());
            Path open = file("PUBLIC KEY", pair.getPublic());
            signs = Jwt.of(Map.of("sign-method", method, "priv-key", secret.toString(), "ttl", "1m"));
            verifies = Jwt.of(Map.of("sign-method", method, "pub-key", open.toString()));
            another = Jwt.of(Map.of(
                    "sign-method",
                    method,
                    "priv-key",
                    file("PRIVATE KEY", pair(method).getPrivate()).toString()));
            assertThat(verifies.canSign()).isFalse();
        }
        String token = signs.sign(ALICE, 7, NOW);

        assertThat(signs.verify(token, NOW)).isEqualTo(new Caller(ALICE, 7));
        assertThat(verifies.verify(token, NOW)).isEqualTo(new Caller(ALICE, 7));
        assertThat(verifies.verify(token, NOW + 600_000)).isNull();
        assertThat(verifies.verify(token + "x", NOW)).isNull();
        assertThat(verifies.verify(token.substring(1), NOW)).isNull();
        assertThat(verifies.verify(another.sign(ALICE, 7, NOW), NOW)).isNull();
        assertThat(verifies.verify(token.substring(0, token.lastIndexOf('.') + 1), NOW))
                .isNull();
    }

    @Test
    void token_ofAnotherMethodThanConfigured_isNone() throws Exception {
        KeyPair pair = pair("RS256");
        Path secret = file("PRIVATE KEY", pair.getPrivate());
        Path open = file("PUBLIC KEY", pair.getPublic());
        Jwt verifies = Jwt.of(Map.of("sign-method", "RS256", "pub-key", open.toString()));
        Jwt weaker = Jwt.of(Map.of("sign-method", "HS256", "priv-key", open.toString())); // the old trick
        Jwt other = Jwt.of(Map.of("sign-method", "RS512", "priv-key", secret.toString()));

        assertThat(verifies.verify(weaker.sign(ALICE, 7, NOW), NOW)).isNull();
        assertThat(verifies.verify(other.sign(ALICE, 7, NOW), NOW)).isNull();
    }

    @Test
    void keys_thatDoNotFit_areRefused() throws Exception {
        String secret = file("PRIVATE KEY", pair("RS256").getPrivate()).toString();
        String open = file("PUBLIC KEY", pair("RS256").getPublic()).toString();
        String curve = file("PRIVATE KEY", pair("ES384").getPrivate()).toString();
        assertThatThrownBy(() -> Jwt.of(Map.of("sign-method", "RS256", "priv-key", secret, "pub-key", open)))
                .isInstanceOf(BadValue.class)
                .hasMessageContaining("it must fit priv-key");
        assertThatThrownBy(() -> Jwt.of(Map.of("sign-method", "ES256", "priv-key", curve)))
                .hasMessageContaining("384 bits");
        assertThatThrownBy(() -> Jwt.of(Map.of("sign-method", "RS256"))).hasMessageContaining("missing");
        assertThatThrownBy(() -> Jwt.of(Map.of("sign-method", "none"))).hasMessageContaining("sign-method is none");
        assertThatThrownBy(() -> Jwt.of(Map.of("sign-method", "RS256", "pub-key", open, "ttl", "soon")))
                .hasMessageContaining("ttl is soon");
    }

    @Test
    void length_ofTime_isReadAsGoWritesIt() {
        assertThat(Jwt.length("1h30m")).isEqualTo(Duration.ofMinutes(90));
        assertThat(Jwt.length("1.5s")).isEqualTo(Duration.ofMillis(1_500));
        assertThat(Jwt.length("250ms")).isEqualTo(Duration.ofMillis(250));
    }

    @Test
    void hash_ofAPassword_isMatchedByItAlone() {
        Passwords passwords = new Passwords(4);
        Bytes hash = passwords.hash("right");
        assertThat(hash.utf8()).startsWith("$2a$04$").hasSize(60);
        assertThat(Passwords.matches(hash, "right")).isTrue();
        assertThat(Passwords.matches(hash, "wrong")).isFalse();
        assertThat(Passwords.matches(Bytes.EMPTY, "")).isFalse();
        assertThat(Passwords.matches(Bytes.utf8("x".repeat(60)), "x")).isFalse();
        // made by golang.org/x/crypto/bcrypt's algorithm: htpasswd -bnBC 4, with Go's letter of version
        assertThat(Passwords.matches(passwords.hash(""), "")).isTrue();
    }
}

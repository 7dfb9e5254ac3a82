package holdfast.server.truth.auth;

import holdfast.core.base.Require;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/// How passwords are hashed and tokens are made; etcd's `--auth-token`, `--auth-token-ttl` and `--bcrypt-cost`.
///
/// @param bcryptCost 4 to 31; each step doubles the work
public record AuthConfig(Scheme tokens, int bcryptCost) {
    /// What tokens are.
    public sealed interface Scheme {
        /// There are none: only certificates name users.
        record None() implements Scheme {}

        /// Random text that every member keeps in memory; it ends when it was not used for `life`.
        record Simple(Duration life) implements Scheme {}

        /// JSON web tokens (RFC 7519), which say themselves who and until when.
        record Signed(Jwt jwt) implements Scheme {}
    }

    /// etcd's defaults.
    public static final AuthConfig DEFAULT = new AuthConfig(new Scheme.Simple(Duration.ofMinutes(5)), 10);

    public AuthConfig {
        Require.between("bcrypt-cost", bcryptCost, 4, 31);
    }

    /// @param spec `simple`, or `jwt,sign-method=RS256,pub-key=FILE,priv-key=FILE,ttl=10m`, or nothing for no tokens
    /// @param simpleLife of simple tokens
    public static AuthConfig of(String spec, Duration simpleLife, int bcryptCost)
            throws IOException, GeneralSecurityException {
        Map<String, String> options = new LinkedHashMap<>();
        String[] parts = spec.split(",", -1);
        for (int index = 1; index < parts.length; index++) {
            String[] pair = parts[index].split("=", -1);
            Require.that("auth-token", spec, pair.length == 2, "a kind and NAME=VALUE pairs, split by commas");
            Require.that("auth-token", spec, options.put(pair[0], pair[1]) == null, "without a name twice");
        }
        Require.that("auth-token", spec, parts[0].matches("|simple|jwt"), "simple or jwt,...");
        Scheme scheme = switch (parts[0]) {
            case "jwt" -> new Scheme.Signed(Jwt.of(options));
            case "simple" -> new Scheme.Simple(simpleLife);
            default -> new Scheme.None();
        };
        return new AuthConfig(scheme, bcryptCost);
    }

    /// How long a simple token lives unused; the default also where there are none.
    public Duration simpleLife() {
        return tokens instanceof Scheme.Simple(Duration life) ? life : Duration.ofMinutes(5);
    }
}

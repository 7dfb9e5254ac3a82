package holdfast.server.truth.auth;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.core.base.Bytes;
import holdfast.core.base.Require;
import holdfast.core.base.Require.BadValue;
import holdfast.core.truth.Caller;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/// JSON web tokens as etcd makes them: claims `username`, `revision` and `exp`, signed by one configured method. A
/// token
/// that names another method is none (RFC 8725, 3.1). From any thread.
public final class Jwt {
    private static final Duration LIFE = Duration.ofMinutes(5); // etcd's default
    private static final Pattern LENGTH = Pattern.compile("(\\d+(?:\\.\\d+)?)(ns|us|µs|ms|s|m|h)");
    private static final int VERIFIED_MAX = 10_000;
    private static final int TOKEN_LETTERS_MAX = 8_192;
    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();
    private static final Base64.Decoder DECODER = Base64.getUrlDecoder();
    private static final ObjectMapper JSON = new ObjectMapper();

    /// @param endMillis when it is over, on the wall clock
    private record Claims(Caller caller, long endMillis) {}

    private final SignMethod method;
    private final Duration life;
    private final Map<String, Claims> verified = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Claims> eldest) {
            return size() > VERIFIED_MAX;
        }
    };

    private Jwt(SignMethod method, Duration life) {
        this.method = method;
        this.life = life;
    }

    /// @param options `sign-method`, and as it needs them `priv-key` and `pub-key` (PEM files), `ttl` such as `10m`
    static Jwt of(Map<String, String> options) throws IOException, GeneralSecurityException {
        for (String name : options.keySet())
            Require.that(
                    "auth-token",
                    name,
                    name.matches("sign-method|pub-key|priv-key|ttl"),
                    "sign-method, pub-key, priv-key or ttl");
        SignMethod method = SignMethod.of(
                options.getOrDefault("sign-method", ""), file(options.get("priv-key")), file(options.get("pub-key")));
        String ttl = options.getOrDefault("ttl", "");
        return new Jwt(method, ttl.isEmpty() ? LIFE : length(ttl));
    }

    private static @Nullable Path file(@Nullable String name) {
        return name == null || name.isEmpty() ? null : Path.of(name);
    }

    /// As Go writes lengths of time: `1h30m`.
    static Duration length(String text) {
        Matcher part = LENGTH.matcher(text);
        double nanos = 0;
        int at = 0;
        while (part.find() && part.start() == at) {
            nanos += Double.parseDouble(part.group(1))
                    * switch (part.group(2)) {
                        case "ns" -> 1;
                        case "us", "µs" -> 1e3;
                        case "ms" -> 1e6;
                        case "s" -> 1e9;
                        case "m" -> 60e9;
                        default -> 3_600e9;
                    };
            at = part.end();
        }
        if (at == 0 || at != text.length())
            throw new BadValue("auth-token's ttl is " + text + "; it must be a length of time such as 10m");
        return Duration.ofNanos((long) nanos);
    }

    /// False when it only has a public key: then others make the tokens.
    public boolean canSign() {
        return method.canSign();
    }

    /// @param wallMillis now
    public String sign(Bytes user, long authRevision, long wallMillis) {
        String head = "{\"alg\":\"" + method.name() + "\",\"typ\":\"JWT\"}";
        long endSeconds = (wallMillis + life.toMillis()) / 1_000;
        String claims = "{\"exp\":" + endSeconds + ",\"revision\":" + authRevision + ",\"username\":"
                + JSON.writeValueAsString(user.utf8()) + "}";
        String body = encoded(head) + "." + encoded(claims);
        return body + "." + ENCODER.encodeToString(method.sign(body.getBytes(US_ASCII)));
    }

    private static String encoded(String text) {
        return ENCODER.encodeToString(text.getBytes(UTF_8));
    }

    /// Whom it names, null when it is none of ours or over.
    public @Nullable Caller verify(String token, long wallMillis) {
        if (token.length() > TOKEN_LETTERS_MAX) return null;
        @Nullable Claims claims;
        synchronized (verified) {
            claims = verified.get(token);
        }
        if (claims == null) {
            claims = read(token);
            if (claims == null) return null;
            synchronized (verified) {
                verified.put(token, claims);
            }
        }
        return wallMillis < claims.endMillis ? claims.caller : null;
    }

    private @Nullable Claims read(String token) {
        String[] parts = token.split("\\.", -1);
        if (parts.length != 3) return null;
        try {
            JsonNode head = JSON.readTree(DECODER.decode(parts[0]));
            if (!head.path("alg").asString("").equals(method.name())) return null;
            byte[] body = (parts[0] + "." + parts[1]).getBytes(UTF_8);
            if (!method.verifies(body, DECODER.decode(parts[2]))) return null;
            return claims(JSON.readTree(DECODER.decode(parts[1])));
        } catch (IllegalArgumentException | JacksonException _) {
            return null;
        }
    }

    private static @Nullable Claims claims(JsonNode claims) {
        JsonNode user = claims.path("username");
        JsonNode revision = claims.path("revision");
        JsonNode end = claims.path("exp");
        if (!user.isString() || !revision.isNumber() || revision.asLong(0) < 0) return null;
        if (!end.isMissingNode() && !end.isNumber()) return null;
        long endMillis = end.isNumber() ? (long) (end.asDouble(0) * 1_000) : Long.MAX_VALUE;
        return new Claims(new Caller(Bytes.utf8(user.asString("")), revision.asLong(0)), endMillis);
    }
}

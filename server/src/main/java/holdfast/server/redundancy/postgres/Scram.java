package holdfast.server.redundancy.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// SCRAM-SHA-256 (RFC 5802, RFC 7677) from both ends, without channel binding. From a login that a client proves,
/// its ClientKey is learned; with that and the verifier the same login can be made elsewhere.
final class Scram {
    static final String MECHANISM = "SCRAM-SHA-256";
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int NONCE_BYTES = 18;
    private static final String NO_BINDING = "n,,";
    private static final String MAYBE_BINDING = "y,,";

    private Scram() {}

    static String nonce() {
        byte[] bytes = new byte[NONCE_BYTES];
        RANDOM.nextBytes(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }

    static byte[] random(int count) {
        byte[] bytes = new byte[count];
        RANDOM.nextBytes(bytes);
        return bytes;
    }

    static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(text.getBytes(UTF_8));
        } catch (GeneralSecurityException bug) {
            throw new IllegalStateException("every JDK has HmacSHA256", bug);
        }
    }

    private static byte[] digest(String algorithm, byte[] bytes) {
        try {
            return MessageDigest.getInstance(algorithm).digest(bytes);
        } catch (GeneralSecurityException bug) {
            throw new IllegalStateException("every JDK has " + algorithm, bug);
        }
    }

    /// `md5` and the digest of a text and a salt, as PostgreSQL stores and sends it.
    static String md5(byte[] text, byte[] salt) {
        byte[] both = Arrays.copyOf(text, text.length + salt.length);
        System.arraycopy(salt, 0, both, text.length, salt.length);
        return "md5" + HexFormat.of().formatHex(digest("MD5", both));
    }

    private static byte[] xor(byte[] left, byte[] right) {
        byte[] result = new byte[left.length];
        for (int index = 0; index < result.length; index++) result[index] = (byte) (left[index] ^ right[index]);
        return result;
    }

    /// The value of `name=` in a message; null when it has none.
    private static @Nullable String attribute(String message, char name) {
        for (String part : message.split(",", -1)) {
            if (part.length() > 1 && part.charAt(0) == name && part.charAt(1) == '=') return part.substring(2);
        }
        return null;
    }

    private static byte @Nullable [] base64(@Nullable String text) {
        try {
            return text == null ? null : Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException _) {
            return null;
        }
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    /// What a server keeps of a password.
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Keys(int iterations, byte[] salt, byte[] storedKey, byte[] serverKey) {
        /// Reads `SCRAM-SHA-256$ITERATIONS:SALT$STORED:SERVER`; null when it is something else.
        static @Nullable Keys of(String verifier) {
            String[] parts = verifier.split("[$:]", -1);
            if (parts.length != 5 || !parts[0].equals(MECHANISM) || !parts[1].matches("\\d{1,9}")) return null;
            byte[] salt = base64(parts[2]);
            byte[] stored = base64(parts[3]);
            byte[] server = base64(parts[4]);
            if (salt == null || stored == null || server == null) return null;
            return new Keys(Integer.parseInt(parts[1]), salt, stored, server);
        }

        /// Keys that no password has, for users who have none: always the same salt for the same name, so that
        /// nobody learns which users there are.
        static Keys ofNobody(byte[] secret, String user) {
            byte[] salt = Arrays.copyOf(hmac(secret, user), 16);
            return new Keys(4_096, salt, random(32), random(32));
        }
    }

    /// What a client has proved, enough to log in elsewhere.
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Proved(byte[] clientKey, byte[] serverKey) {}

    /// The server's end of one login.
    static final class Server {
        private final Keys keys;
        private final String nonce = nonce();
        private String binding = "";
        private String bare = "";
        private String first = "";

        Server(Keys keys) {
            this.keys = keys;
        }

        /// Takes the client's first message; returns the answer, null when it cannot be accepted.
        @Nullable
        String first(String message) {
            if (!message.startsWith(NO_BINDING) && !message.startsWith(MAYBE_BINDING)) return null;
            binding = message.substring(0, NO_BINDING.length());
            bare = message.substring(NO_BINDING.length());
            String theirs = attribute(bare, 'r');
            if (theirs == null || bare.startsWith("m=")) return null;
            first = "r=" + theirs + nonce + ",s=" + base64(keys.salt) + ",i=" + keys.iterations;
            return first;
        }

        /// What the client proved with its last message, null when it is the wrong password.
        @Nullable
        Proved last(String message) {
            int proofAt = message.lastIndexOf(",p=");
            byte[] proof = proofAt < 0 ? null : base64(message.substring(proofAt + 3));
            if (proof == null || proof.length != keys.storedKey.length) return null;
            String bound = attribute(message, 'c');
            if (!base64(binding.getBytes(UTF_8)).equals(bound)) return null;
            String expected = attribute(first, 'r');
            if (expected == null || !expected.equals(attribute(message, 'r'))) return null;
            said = bare + "," + first + "," + message.substring(0, proofAt);
            byte[] clientKey = xor(proof, hmac(keys.storedKey, said));
            if (!MessageDigest.isEqual(digest("SHA-256", clientKey), keys.storedKey)) return null;
            return new Proved(clientKey, keys.serverKey);
        }

        private String said = "";

        /// The answer to a proof that was right.
        String signature() {
            return "v=" + base64(hmac(keys.serverKey, said));
        }
    }

    /// The client's end of one login.
    static final class Client {
        private final Proved proved;
        private final String bare = "n=,r=" + nonce();
        private String said = "";

        Client(Proved proved) {
            this.proved = proved;
        }

        String first() {
            return NO_BINDING + bare;
        }

        /// Answers the server's challenge; null when it is none.
        @Nullable
        String answer(String challenge) {
            String nonce = attribute(challenge, 'r');
            if (nonce == null || !nonce.startsWith(bare.substring("n=,r=".length()))) return null;
            String withoutProof = "c=" + base64(NO_BINDING.getBytes(UTF_8)) + ",r=" + nonce;
            said = bare + "," + challenge + "," + withoutProof;
            byte[] storedKey = digest("SHA-256", proved.clientKey);
            return withoutProof + ",p=" + base64(xor(proved.clientKey, hmac(storedKey, said)));
        }

        /// Whether the server knows the password too.
        boolean trusts(String last) {
            byte[] theirs = base64(attribute(last, 'v'));
            return theirs != null && MessageDigest.isEqual(theirs, hmac(proved.serverKey, said));
        }
    }
}

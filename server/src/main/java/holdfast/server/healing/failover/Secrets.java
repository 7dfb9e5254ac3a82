package holdfast.server.healing.failover;

import java.security.SecureRandom;
import java.util.Base64;

/// How members get into each other's servers. Made once, when the cluster is founded.
public record Secrets(String superuser, String superuserPassword, String replicationUser, String replicationPassword) {
    private static final int BYTES = 24;
    public static final String REPLICATION_USER = "holdfast_replication";

    /// @param superuser its name
    static Secrets fresh(String superuser) {
        SecureRandom random = new SecureRandom();
        return new Secrets(superuser, word(random), REPLICATION_USER, word(random));
    }

    private static String word(SecureRandom random) {
        byte[] bytes = new byte[BYTES];
        random.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    @Override
    public String toString() {
        return "Secrets of " + superuser; // the passwords stay out of logs
    }
}

package holdfast.server.redundancy.postgres;

import java.security.SecureRandom;

/// What all sessions of a PostgreSQL proxy have in common.
record Front(Verifiers verifiers, Keys keys) {
    private static final SecureRandom RANDOM = new SecureRandom();

    static int randomInt() {
        return RANDOM.nextInt();
    }
}

package holdfast.server.cli;

import java.security.SecureRandom;

/// Who asks the loop, and under which name.
final class Asking {
    private Asking() {}

    /// Not used before, for all that matters.
    static String id() {
        return "ask-" + Long.toHexString(new SecureRandom().nextLong());
    }

    static String who() {
        return System.getProperty("user.name", "somebody");
    }
}

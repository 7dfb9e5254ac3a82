package holdfast.server.redundancy.postgres;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Who a client is and how that is shown to a server.
///
/// @param parameters of the startup packet, `user` among them
/// @param scram what the client proved, null when it has an md5 password
/// @param md5 the verifier, null when it has a SCRAM password
record Identity(
        Map<String, String> parameters,
        Scram.@Nullable Proved scram,
        @Nullable String md5) {
    String user() {
        return parameters.getOrDefault("user", "");
    }

    @Override
    public String toString() {
        return "Identity of " + user(); // keys stay out of logs
    }
}

package holdfast.server.redundancy.proxy;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What the store says about a service.
///
/// @param fence create revision of the primary's key, 0 while nobody holds it
/// @param primary who holds it, null while nobody does
/// @param serving whether it takes writes
/// @param replicas hosts that stream from it and that readers are sent to
/// @param hosts every host that has a server running, the primary's too
/// @param login how the proxy itself logs in, null when that is not known yet
/// @param confirmations replicas that must have a write before it may be acknowledged, where proxies see to that: by
/// the
///     strictest of the cluster's rules, and one more for each replica that streams and does not count in it
public record View(
        long fence,
        @Nullable Target primary,
        boolean serving,
        List<Target> replicas,
        List<String> hosts,
        @Nullable Login login,
        int confirmations) {
    static final View NOTHING = new View(0, null, false, List.of(), List.of(), null, 0);

    /// A server of the service.
    public record Target(String host, String address, int port) {
        @Override
        public String toString() {
            return host + " (" + address + ":" + port + ")";
        }
    }

    /// A superuser.
    public record Login(String user, String password) {
        @Override
        public String toString() {
            return "Login of " + user; // the password stays out of logs
        }
    }

    /// Where writes may go now; null for nowhere.
    @Nullable
    public Target writable() {
        return serving ? primary : null;
    }

    /// Where users can be looked up: the primary, else any replica; null for nowhere.
    @Nullable
    public Target readable() {
        Target writable = writable();
        return writable != null || replicas.isEmpty() ? writable : replicas.getFirst();
    }

    /// Whether `target` is the primary, serving or not.
    public boolean isPrimary(Target target) {
        return Objects.equals(primary, target);
    }
}

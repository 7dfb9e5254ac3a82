package holdfast.server.client;

import holdfast.core.base.Require;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which store and how long to wait for it. Keys live under `store.`; the defaults are here and nowhere else.
///
/// @param endpoints members of one store, 1 to 64, tried in this order
/// @param callLimit longest wait for one call, tries on other members included
/// @param connectLimit longest wait for one connection
/// @param login who asks, null for nobody
public record EtcdConfig(
        List<Endpoint> endpoints,
        ClientTls tls,
        Duration callLimit,
        Duration connectLimit,
        @Nullable Login login) {
    /// A user of the store and the password.
    public record Login(String user, String password) {
        @Override
        public String toString() {
            return "Login of " + user; // the password stays out of logs
        }
    }

    private static final int ENDPOINTS_MAX = 64;

    public EtcdConfig {
        endpoints = List.copyOf(endpoints);
        Require.between("store.endpoints", endpoints.size(), 1, ENDPOINTS_MAX);
        Require.between("store.call-limit", callLimit, Duration.ofMillis(100), Duration.ofMinutes(5));
        Require.between("store.connect-limit", connectLimit, Duration.ofMillis(50), callLimit);
    }

    /// The defaults for these members.
    public static EtcdConfig of(List<Endpoint> endpoints) {
        return new EtcdConfig(endpoints, ClientTls.NONE, Duration.ofSeconds(3), Duration.ofSeconds(1), null);
    }

    /// The members' URLs, separated by commas.
    public String urls() {
        return String.join(",", endpoints.stream().map(Endpoint::toString).toList());
    }

    public EtcdConfig withTls(ClientTls with) {
        return new EtcdConfig(endpoints, with, callLimit, connectLimit, login);
    }

    public EtcdConfig withCallLimit(Duration limit) {
        return new EtcdConfig(endpoints, tls, limit, connectLimit.compareTo(limit) < 0 ? connectLimit : limit, login);
    }

    public EtcdConfig withLogin(@Nullable Login with) {
        return new EtcdConfig(endpoints, tls, callLimit, connectLimit, with);
    }
}

package holdfast.server.redundancy.redis;

import holdfast.core.base.Require;
import holdfast.server.redundancy.proxy.ProxyConfig;
import java.time.Duration;

/// How one Redis service is proxied.
///
/// @param ports and what all proxies have
/// @param confirms whether replies to writes wait until as many replicas have the writes as the cluster's rule says
/// @param confirmFor longest wait for that; then the client's connection is ended
public record RedisProxyConfig(ProxyConfig ports, boolean confirms, Duration confirmFor) {
    public static final Duration CONFIRM_FOR = Duration.ofSeconds(10);

    public RedisProxyConfig {
        Require.between("confirm-for", confirmFor, Duration.ofMillis(100), Duration.ofMinutes(10));
    }

    /// @param confirms as above
    public static RedisProxyConfig of(ProxyConfig ports, boolean confirms) {
        return new RedisProxyConfig(ports, confirms, CONFIRM_FOR);
    }

    public RedisProxyConfig withConfirmFor(Duration length) {
        return new RedisProxyConfig(ports, confirms, length);
    }
}

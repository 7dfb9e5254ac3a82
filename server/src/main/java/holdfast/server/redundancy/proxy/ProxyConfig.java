package holdfast.server.redundancy.proxy;

import holdfast.core.base.Require;
import java.time.Duration;

/// How one service is proxied. Keys live under `services.NAME.proxy.`; the defaults are here and nowhere else.
///
/// @param service name in the store's keys
/// @param listenAddress where both ports are opened
/// @param writePort leads to the primary; 0 for any free one
/// @param readPort leads to replicas, else to the primary; 0 for any free one
/// @param holdFor longest wait of a client for a primary
/// @param drainFor how long what runs may go on once the primary serves no more, or a replica is gone
/// @param connectionsMax most clients of both ports together
/// @param loops event loops that serve them, 1 to 16; with port 0 there is one
public record ProxyConfig(
        String service,
        String listenAddress,
        int writePort,
        int readPort,
        Duration holdFor,
        Duration drainFor,
        int connectionsMax,
        int loops) {
    private static final int PORT_MAX = 65_535;

    public ProxyConfig {
        Require.that("service", service, !service.isEmpty() && service.indexOf('/') < 0, "a name without slash");
        Require.between("write-port", writePort, 0, PORT_MAX);
        Require.between("read-port", readPort, 0, PORT_MAX);
        Require.between("hold-for", holdFor, Duration.ofMillis(100), Duration.ofMinutes(10));
        Require.between("drain-for", drainFor, Duration.ofMillis(100), Duration.ofMinutes(10));
        Require.between("connections-max", connectionsMax, 1, 100_000);
        Require.between("loops", loops, 1, 16);
    }

    /// The defaults for a service.
    public static ProxyConfig of(String service, String listenAddress, int writePort, int readPort) {
        return new ProxyConfig(
                service,
                listenAddress,
                writePort,
                readPort,
                Duration.ofSeconds(30),
                Duration.ofSeconds(10),
                1_000,
                Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4));
    }

    public ProxyConfig withHoldFor(Duration length) {
        return new ProxyConfig(service, listenAddress, writePort, readPort, length, drainFor, connectionsMax, loops);
    }

    public ProxyConfig withDrainFor(Duration length) {
        return new ProxyConfig(service, listenAddress, writePort, readPort, holdFor, length, connectionsMax, loops);
    }

    public ProxyConfig withConnectionsMax(int most) {
        return new ProxyConfig(service, listenAddress, writePort, readPort, holdFor, drainFor, most, loops);
    }
}

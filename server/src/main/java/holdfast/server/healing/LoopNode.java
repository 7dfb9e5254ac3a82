package holdfast.server.healing;

import holdfast.core.base.Require;
import holdfast.core.healing.LoopConfig;
import holdfast.server.client.EtcdConfig;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// One node that may run the loop. Keys live under `loop.`; the defaults are here and nowhere else.
///
/// @param node its name, unique among the nodes that stand for election
/// @param listenHost what to listen on, `0.0.0.0` for everything
/// @param port of gRPC, HTTP and heartbeats; 0 takes a free one
/// @param advertiseHost IP address or name under which agents reach it
/// @param tls null for plain text
/// @param besideStore whether it runs beside the member of the store that it talks to: then it leads where the
///     store's leader is, so that both are lost together and found together
/// @param leaseTtl how long the leader keeps its office without a renewal; the store may raise it
public record LoopNode(
        String node,
        String listenHost,
        int port,
        String advertiseHost,
        @Nullable Tls tls,
        EtcdConfig store,
        boolean besideStore,
        Duration leaseTtl,
        LoopConfig loop) {
    public static final int PORT = 7_410;
    public static final Duration LEASE_TTL = Duration.ofSeconds(2);

    public LoopNode {
        Require.that("loop.node", "'" + node + "'", !node.isBlank(), "a name");
        Require.between("loop.port", port, 0, 65_535);
        Require.that(
                "loop.advertise-host", "'" + advertiseHost + "'", !advertiseHost.isBlank(), "an address or a name");
        Require.between("loop.lease-ttl", leaseTtl, Duration.ofSeconds(1), Duration.ofMinutes(10));
    }

    /// PEM files; agents must show a certificate that `authority` signed.
    public record Tls(Path certificate, Path key, Path authority) {}
}

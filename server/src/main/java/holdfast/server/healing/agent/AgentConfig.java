package holdfast.server.healing.agent;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import holdfast.server.client.EtcdConfig;
import java.nio.file.Path;
import java.time.Duration;

/// One host's agent. Keys live under `agent.`; the defaults are here and nowhere else.
///
/// @param address IP address or name under which other hosts reach this one
/// @param port where witnesses knock and Prometheus scrapes; 0 takes a free one
/// @param dataDir what must survive a restart of the agent, and the output of the instances
/// @param leaseTtl how long the host counts as alive without a renewal; the store may raise it to its own least
/// @param outputBytesMax largest output file of an instance; one older piece of as many bytes is kept
public record AgentConfig(
        NodeId host, String address, int port, Path dataDir, EtcdConfig store, Duration leaseTtl, long outputBytesMax) {
    public static final Duration LEASE_TTL = Duration.ofSeconds(3);
    public static final int PORT = 7_420;
    public static final long OUTPUT_BYTES_MAX = 16L << 20;

    public AgentConfig {
        Require.that("agent.address", address, !address.isBlank(), "an IP address or a name");
        Require.between("agent.port", port, 0, 65_535);
        Require.between("agent.lease-ttl", leaseTtl, Duration.ofSeconds(1), Duration.ofMinutes(10));
        Require.between("agent.output-bytes-max", outputBytesMax, 4_096, 1L << 40);
    }
}

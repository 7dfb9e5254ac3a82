package holdfast.server.redundancy.sentinel;

import holdfast.core.base.Require;

/// Where this host's sentinel is.
///
/// @param host its name in the fleet
/// @param address under which others reach this host
/// @param listenAddress where the port is opened
/// @param port the same on all hosts; 0 for any free one
/// @param password that clients must say; empty for none
public record SentinelConfig(String host, String address, String listenAddress, int port, String password) {
    private static final int PORT_MAX = 65_535;

    public SentinelConfig {
        Require.between("sentinel-port", port, 0, PORT_MAX);
    }

    @Override
    public String toString() {
        return "SentinelConfig of " + host + " on port " + port; // the password stays out of logs
    }
}

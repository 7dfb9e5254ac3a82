package holdfast.server.start;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import holdfast.server.start.join.Admission.Ports;
import java.nio.file.Path;

/// One host as `holdfast up` and `holdfast join` make it: server, loop and agent in one process. The defaults are here
/// and nowhere else.
///
/// @param name of the host, unique in the cluster
/// @param address IP address or name under which the other hosts reach it; 127.0.0.1 means that no other host does
/// @param folder everything that must survive
/// @param loopPort where agents attach, 1 to 65535
/// @param agentPort where witnesses knock and Prometheus scrapes, 1 to 65535
public record UpConfig(NodeId name, String address, Path folder, Ports ports, int loopPort, int agentPort) {
    public static final String FOLDER = "holdfast-data";
    public static final int CLIENT_PORT = 2379;
    public static final int PEER_PORT = 2380;
    public static final int CONTROL_PORT = 2376;
    public static final int LOOP_PORT = 2378;
    public static final int AGENT_PORT = 2377;
    static final String THIS_HOST = "127.0.0.1";

    public UpConfig {
        Require.that(
                "--address", "'" + address + "'", address.matches("[A-Za-z0-9._:-]{1,253}"), "an IP address or a name");
        Require.between("--loop-port", loopPort, 1, 65_535);
        Require.between("--agent-port", agentPort, 1, 65_535);
    }

    /// Whether other hosts can reach this one.
    boolean reachable() {
        return !address.equals(THIS_HOST);
    }

    Path tlsFolder() {
        return folder.resolve("tls");
    }

    Path serverFolder() {
        return folder.resolve("server");
    }

    Path agentFolder() {
        return folder.resolve("agent");
    }
}

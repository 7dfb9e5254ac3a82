package holdfast.server.cli;

import holdfast.core.base.NodeId;
import holdfast.server.start.UpConfig;
import holdfast.server.start.join.Admission.Ports;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The mixin of the commands that make this machine a host of a cluster.
final class HostOption {
    private static final String LOOPBACK = "127.0.0.1";

    @Option(
            names = "--data",
            paramLabel = "FOLDER",
            defaultValue = UpConfig.FOLDER,
            description = "Everything that must survive (default: ./" + UpConfig.FOLDER + ").")
    private Path folder = Path.of(UpConfig.FOLDER);

    @Option(names = "--name", paramLabel = "NAME", description = "Name of this host (default: its host name).")
    private @Nullable String name;

    @Option(
            names = "--address",
            paramLabel = "IP",
            description = "Where the other hosts reach this one (default: that of its network).")
    private @Nullable String address;

    @Option(names = "--client-port", defaultValue = "" + UpConfig.CLIENT_PORT, description = PORT_OF + "the store.")
    private int clientPort;

    @Option(names = "--peer-port", defaultValue = "" + UpConfig.PEER_PORT, description = PORT_OF + "members.")
    private int peerPort;

    @Option(names = "--control-port", defaultValue = "" + UpConfig.CONTROL_PORT, description = PORT_OF + "joiners.")
    private int controlPort;

    @Option(names = "--loop-port", defaultValue = "" + UpConfig.LOOP_PORT, description = PORT_OF + "agents.")
    private int loopPort;

    @Option(names = "--agent-port", defaultValue = "" + UpConfig.AGENT_PORT, description = PORT_OF + "witnesses.")
    private int agentPort;

    private static final String PORT_OF = "Port (default: ${DEFAULT-VALUE}) for ";

    Path folder() {
        return folder.toAbsolutePath().normalize();
    }

    /// @param towards a host of the cluster, whose network this one shares; null for none yet
    UpConfig config(@Nullable String towards) {
        String named = name == null ? hostName() : name;
        String at = address;
        if (at == null) at = towards == null ? ownAddress() : addressTowards(towards);
        return new UpConfig(
                new NodeId(named), at, folder(), new Ports(clientPort, peerPort, controlPort), loopPort, agentPort);
    }

    private static String hostName() {
        try {
            String found = InetAddress.getLocalHost().getHostName().toLowerCase(Locale.ROOT);
            String clean = found.replaceAll("[^a-z0-9.-]", "-");
            return clean.matches("[a-z0-9].*") ? clean : "host-" + clean;
        } catch (UnknownHostException _) {
            return "localhost";
        }
    }

    /// The first address that is not this machine's own loop.
    private static String ownAddress() {
        try {
            return NetworkInterface.networkInterfaces()
                    .filter(HostOption::isUp)
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(found -> !found.isLoopbackAddress() && found.getAddress().length == 4)
                    .map(InetAddress::getHostAddress)
                    .findFirst()
                    .orElse(LOOPBACK);
        } catch (SocketException _) {
            return LOOPBACK;
        }
    }

    private static boolean isUp(NetworkInterface found) {
        try {
            return found.isUp();
        } catch (SocketException _) {
            return false;
        }
    }

    /// What the kernel would send from; a datagram socket that connects sends nothing.
    private static String addressTowards(String host) {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(host, 9));
            InetAddress from = socket.getLocalAddress();
            return from.isAnyLocalAddress() ? ownAddress() : from.getHostAddress();
        } catch (SocketException | java.io.UncheckedIOException _) {
            return ownAddress();
        }
    }
}

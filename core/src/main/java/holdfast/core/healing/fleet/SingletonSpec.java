package holdfast.core.healing.fleet;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// A service of `kind: singleton`: one host is active, the others stand by. Keys live under `services.NAME.`, those
/// from `lease` on under `services.NAME.singleton.`.
///
/// @param command what to run
/// @param port that checks ask, 0 for none
/// @param hosts where it may be active; empty means every host of the fleet
/// @param checks that an active one must pass; none means that it is well while it lives
/// @param limits how many restarts on the same host before another one takes over
/// @param startWithin longest from when it became active until its checks pass; 100 ms to 1 h
/// @param stopWithin longest from SIGTERM to SIGKILL when it is handed over; 0 to 10 min
/// @param lease how long the active one counts as alive without a renewal, 1 s to 10 min; the store may raise it
/// @param address virtual IP of whoever is active, such as `10.0.0.9/24`; empty for none
/// @param link that gets the address, such as `eth0`; empty exactly when `address` is
public record SingletonSpec(
        String name,
        List<String> command,
        int port,
        List<NodeId> hosts,
        SortedMap<String, String> env,
        List<CheckSpec> checks,
        Limits limits,
        Duration startWithin,
        Duration stopWithin,
        Duration lease,
        Standby standby,
        String address,
        String link) {
    public static final Duration LEASE = Duration.ofSeconds(1);
    private static final String NUMBER = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])";

    /// What the others do meanwhile.
    public enum Standby {
        /// Nothing: the command is started when its host becomes the active one.
        COLD("cold"),
        /// The command runs on every host and waits for the word on its standard input.
        WARM("warm");

        private final String key;

        Standby(String key) {
            this.key = key;
        }

        /// As the fleet file writes it.
        public String key() {
            return key;
        }

        public static Optional<Standby> of(String key) {
            return Arrays.stream(values()).filter(one -> one.key.equals(key)).findFirst();
        }
    }

    public SingletonSpec {
        command = List.copyOf(command);
        hosts = List.copyOf(hosts);
        env = Collections.unmodifiableSortedMap(new TreeMap<>(env));
        checks = List.copyOf(checks);
        Require.that("name", name, name.matches("[a-z]([a-z0-9-]{0,61}[a-z0-9])?"), "1 to 63 of a-z 0-9 -");
        Require.that("command", command, !command.isEmpty(), "a command with at least one word");
        Require.between("port", port, 0, 65_535);
        Require.that("hosts", hosts, hosts.stream().distinct().count() == hosts.size(), "without a name twice");
        for (String key : env.keySet())
            Require.that("env", "'" + key + "'", key.matches("[A-Za-z_][A-Za-z0-9_]*"), "names of A-Z a-z 0-9 _");
        for (int index = 0; index < checks.size(); index++) {
            boolean needsPort = checks.get(index) instanceof CheckSpec.Http
                    || (checks.get(index) instanceof CheckSpec.Tcp(int own, CheckSpec.Timing _) && own == 0);
            Require.that(
                    "checks[" + index + "]",
                    "a probe of the port",
                    !needsPort || port != 0,
                    "exec while the service has no port");
        }
        Require.between("start-within", startWithin, Duration.ofMillis(100), Duration.ofHours(1));
        Require.between("stop-within", stopWithin, Duration.ZERO, Duration.ofMinutes(10));
        Require.between("singleton.lease", lease, Duration.ofSeconds(1), Duration.ofMinutes(10));
        Require.that(
                "singleton.address",
                "'" + address + "'",
                address.isEmpty() || address.matches(NUMBER + "(\\." + NUMBER + "){3}/([1-9]|[12][0-9]|3[0-2])"),
                "an IPv4 address with the length of its net, such as 10.0.0.9/24");
        Require.that(
                "singleton.network-interface",
                "'" + link + "'",
                link.isEmpty() == address.isEmpty() && link.matches("[A-Za-z0-9_.:@-]{0,15}"),
                "the name of a network interface, given together with address");
    }

    /// Whether it may be active on `host`.
    public boolean allows(NodeId host) {
        return hosts.isEmpty() || hosts.contains(host);
    }
}

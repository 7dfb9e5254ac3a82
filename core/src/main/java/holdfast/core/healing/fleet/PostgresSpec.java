package holdfast.core.healing.fleet;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/// A PostgreSQL cluster as its owner wants it: a service of `kind: postgresql`. Keys live under `services.NAME.`, those
/// from
/// `bin` on under `services.NAME.postgresql.`.
///
/// @param hosts with one member each; empty means every host of the fleet
/// @param port of every member, 1 to 65535
/// @param bin folder of `postgres`, `initdb` and the others; empty for the newest that is installed
/// @param data folder of the cluster's files; empty for one below the agent's
/// @param user that the server runs as when the agent is root
/// @param strict commits wait even when no replica is there to acknowledge them
/// @param lease how long the primary counts as alive without a renewal, 1 s to 10 min; the store may raise it
/// @param lagBytesMax a replica that lacks more than this is not elected when durability is `async`
/// @param startWithin longest that the primary's own restart may take while a replica could take over; 0 to 1 h
/// @param stopWithin longest for an orderly stop before the server is ended at once; 1 s to 1 h
/// @param parameters for `postgresql.conf`, over our own
/// @param hba lines of `pg_hba.conf`, before our own
/// @param noFailover hosts that are never elected
/// @param restPort of the health endpoints on each host, 0 for none
/// @param writePort of the proxy on each host that leads to the primary, 0 for none
/// @param readPort of the proxy on each host that leads to the replicas, 0 for none
public record PostgresSpec(
        String name,
        List<NodeId> hosts,
        int port,
        String bin,
        String data,
        String user,
        Durability durability,
        boolean strict,
        Duration lease,
        long lagBytesMax,
        Duration startWithin,
        Duration stopWithin,
        SortedMap<String, String> parameters,
        List<String> hba,
        SortedSet<NodeId> noFailover,
        int restPort,
        int writePort,
        int readPort) {
    public static final int PORT = 5_432;
    public static final String USER = "postgres";
    public static final Duration LEASE = Duration.ofSeconds(2);
    public static final long LAG_BYTES_MAX = 1L << 20;
    public static final Duration START_WITHIN = Duration.ofSeconds(2);
    public static final Duration STOP_WITHIN = Duration.ofSeconds(30);
    public static final int REST_PORT = 8_008;
    private static final int PORT_MAX = 65_535;

    /// Parameters that the cluster itself depends on.
    public static final List<String> OURS = List.of(
            "cluster_name",
            "data_directory",
            "hot_standby",
            "listen_addresses",
            "max_replication_slots",
            "port",
            "primary_conninfo",
            "primary_slot_name",
            "recovery_target_timeline",
            "synchronous_standby_names",
            "wal_level",
            "wal_log_hints",
            "wal_retrieve_retry_interval");

    /// How many replicas have a commit on disk before it is acknowledged.
    public enum Durability {
        /// None: what a dead primary had not sent yet is lost.
        ASYNC("async"),
        /// One, whichever is first.
        SYNC_1("sync-1"),
        /// So many that with the primary they are more than half.
        QUORUM("quorum");

        private final String key;

        Durability(String key) {
            this.key = key;
        }

        /// As the fleet file writes it.
        public String key() {
            return key;
        }

        public static Optional<Durability> of(String key) {
            return Arrays.stream(values()).filter(one -> one.key.equals(key)).findFirst();
        }
    }

    public PostgresSpec {
        hosts = List.copyOf(hosts);
        parameters = Collections.unmodifiableSortedMap(new TreeMap<>(parameters));
        hba = List.copyOf(hba);
        noFailover = Collections.unmodifiableSortedSet(new TreeSet<>(noFailover));
        Require.that("name", name, name.matches("[a-z]([a-z0-9-]{0,61}[a-z0-9])?"), "1 to 63 of a-z 0-9 -");
        Require.that("hosts", hosts, hosts.stream().distinct().count() == hosts.size(), "without a name twice");
        Require.between("port", port, 1, PORT_MAX);
        for (String folder : List.of(bin, data)) {
            Require.that(
                    "postgresql.bin and data",
                    "'" + folder + "'",
                    folder.isEmpty() || folder.startsWith("/"),
                    "a path from the root");
        }
        Require.that(
                "postgresql.user", "'" + user + "'", user.matches("[A-Za-z_][A-Za-z0-9_.-]{0,31}"), "a user's name");
        Require.between("postgresql.lease", lease, Duration.ofSeconds(1), Duration.ofMinutes(10));
        Require.atLeast("postgresql.lag-bytes-max", lagBytesMax, 0);
        Require.between("postgresql.start-within", startWithin, Duration.ZERO, Duration.ofHours(1));
        Require.between("postgresql.stop-within", stopWithin, Duration.ofSeconds(1), Duration.ofHours(1));
        for (String key : parameters.keySet()) {
            Require.that(
                    "postgresql.parameters", key, key.matches("[a-z_][a-z0-9_.]{0,62}"), "a parameter of PostgreSQL");
            Require.that("postgresql.parameters", key, !OURS.contains(key), "left out: it is set by Holdfast");
        }
        for (String line : hba) {
            Require.that("postgresql.hba", "'" + line + "'", !line.contains("\n"), "one line");
        }
        Require.that(
                "postgresql.read-port",
                readPort,
                (readPort == 0) == (writePort == 0),
                "given together with write-port, or neither");
        refusePorts(List.of(port, restPort, writePort, readPort));
    }

    private static void refusePorts(List<Integer> ports) {
        List<Integer> taken = new ArrayList<>();
        for (int one : ports) {
            Require.between("postgresql ports", one, 0, PORT_MAX);
            Require.that("postgresql ports", one, one == 0 || !taken.contains(one), "given once");
            taken.add(one);
        }
    }
}

package holdfast.core.healing.fleet;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/// What every service has that consists of one primary and its replicas. Keys live under `services.NAME.`, those from
/// `bin` on under the section of its kind.
///
/// @param hosts with one member each; empty means every host of the fleet
/// @param port of every member, 1 to 65535
/// @param bin folder of the server's programs; empty for those that are installed
/// @param data folder of the server's files; empty for one below the agent's
/// @param user that the server runs as when the agent is root
/// @param strict commits wait even when no replica is there to acknowledge them
/// @param lease how long the primary counts as alive without a renewal, 1 s to 10 min; the store may raise it
/// @param lagBytesMax a replica that lacks more than this is not elected when durability is `async`
/// @param startWithin longest that the primary's own restart may take while a replica could take over; 0 to 1 h
/// @param stopWithin longest for an orderly stop before the server is ended at once; 1 s to 1 h
/// @param noFailover hosts that are never elected
/// @param restPort of the health endpoints on each host, 0 for none
/// @param writePort of the proxy on each host that leads to the primary, 0 for none
/// @param readPort of the proxy on each host that leads to the replicas, 0 for none
/// @param tags in what single members differ
/// @param onRoleChange command that is told when a host's member becomes a primary, a replica or stops, first word a
///     path from the root; empty for none
public record ClusterSpec(
        Kind kind,
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
        SortedSet<NodeId> noFailover,
        int restPort,
        int writePort,
        int readPort,
        Tags tags,
        List<String> onRoleChange) {
    public static final Duration LEASE = Duration.ofSeconds(2);
    public static final long LAG_BYTES_MAX = 1L << 20;
    public static final Duration START_WITHIN = Duration.ofSeconds(2);
    public static final Duration STOP_WITHIN = Duration.ofSeconds(30);
    private static final int PORT_MAX = 65_535;

    /// What the members are.
    public enum Kind {
        POSTGRESQL("postgresql", "postgres", "pg", "PostgreSQL"),
        REDIS("redis", "redis", "redis", "Redis");

        private final String key;
        private final String folder;
        private final String command;
        private final String title;

        Kind(String key, String folder, String command, String title) {
            this.key = key;
            this.folder = folder;
            this.command = command;
            this.title = title;
        }

        /// As the fleet file writes it, as kind and as the name of the section.
        public String key() {
            return key;
        }

        /// Of its keys in the store, below `/holdfast/`.
        public String folder() {
            return folder;
        }

        /// Of `holdfast`, for its clusters.
        public String command() {
            return command;
        }

        /// What people call it.
        public String title() {
            return title;
        }

        /// Whether a server can be told which replicas a write waits for; else it waits for so many, whoever they are.
        public boolean namesReplicas() {
            return this != REDIS;
        }

        /// Whether a primary that is restarted goes on with the history that it wrote; else it begins another, which
        /// is another term's: no history is ever taken for one that goes on elsewhere.
        public boolean keepsHistory() {
            return this != REDIS;
        }

        /// Whether a replica finds out for itself what it lacks or has too much of, and gets it from its primary.
        public boolean copiesItself() {
            return this == REDIS;
        }
    }

    /// How many replicas have a write before it is acknowledged.
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

    public ClusterSpec {
        hosts = List.copyOf(hosts);
        if (tags == null) tags = Tags.NONE; // written before there were any
        onRoleChange = onRoleChange == null ? List.of() : List.copyOf(onRoleChange);
        noFailover = Collections.unmodifiableSortedSet(new TreeSet<>(noFailover));
        String section = kind.key() + ".";
        Require.that("name", name, name.matches("[a-z]([a-z0-9-]{0,61}[a-z0-9])?"), "1 to 63 of a-z 0-9 -");
        Require.that("hosts", hosts, hosts.stream().distinct().count() == hosts.size(), "without a name twice");
        Require.between("port", port, 1, PORT_MAX);
        for (String folder : List.of(bin, data)) {
            Require.that(
                    section + "bin and data",
                    "'" + folder + "'",
                    folder.isEmpty() || folder.startsWith("/"),
                    "a path from the root");
        }
        Require.that(
                section + "user", "'" + user + "'", user.matches("[A-Za-z_][A-Za-z0-9_.-]{0,31}"), "a user's name");
        Require.between(section + "lease", lease, Duration.ofSeconds(1), Duration.ofMinutes(10));
        Require.atLeast(section + "lag-bytes-max", lagBytesMax, 0);
        Require.between(section + "start-within", startWithin, Duration.ZERO, Duration.ofHours(1));
        Require.between(section + "stop-within", stopWithin, Duration.ofSeconds(1), Duration.ofHours(1));
        Require.that(
                section + "read-port",
                readPort,
                (readPort == 0) == (writePort == 0),
                "given together with write-port, or neither");
        refusePorts(section + "ports", List.of(port, restPort, writePort, readPort));
        tags.refuse(section, kind.namesReplicas());
        refuseCommand(section + "on-role-change", onRoleChange);
    }

    /// With the hosts named, where they were not: every host of the fleet.
    public ClusterSpec on(List<NodeId> all) {
        if (!hosts.isEmpty()) return this;
        return new ClusterSpec(
                kind,
                name,
                all,
                port,
                bin,
                data,
                user,
                durability,
                strict,
                lease,
                lagBytesMax,
                startWithin,
                stopWithin,
                noFailover,
                restPort,
                writePort,
                readPort,
                tags,
                onRoleChange);
    }

    /// Whether the member of `host` may become the primary.
    public boolean mayLead(NodeId host) {
        return priorityOf(host) > 0;
    }

    /// Among members that have equally much the highest becomes the primary.
    public int priorityOf(NodeId host) {
        return noFailover.contains(host) ? 0 : tags.priority().getOrDefault(host, Tags.PRIORITY);
    }

    /// Whether commits may wait for the member of `host`, and elections count it.
    public boolean counts(NodeId host) {
        return durability == Durability.ASYNC || !tags.noSync().contains(host);
    }

    /// In what the member of `host` differs, as people and proxies read it: `no-failover`, `priority 2`, `no-balance`,
    /// `no-sync`.
    public List<String> tagsOf(NodeId host) {
        List<String> words = new ArrayList<>();
        Integer priority = tags.priority().get(host);
        if (noFailover.contains(host)) words.add("no-failover");
        if (priority != null) words.add("priority " + priority);
        if (tags.noBalance().contains(host)) words.add("no-balance");
        if (tags.noSync().contains(host)) words.add("no-sync");
        return words;
    }

    /// @param all hosts of the fleet
    void refuseStrangers(List<NodeId> all) {
        tags.refuseStrangers("services." + name + "." + kind.key() + ".", noFailover, hosts.isEmpty() ? all : hosts);
    }

    /// The hosts of the other members.
    public List<NodeId> others(NodeId me) {
        return hosts.stream().filter(host -> !host.equals(me)).toList();
    }

    static void refuseCommand(String key, List<String> command) {
        Require.that(
                key,
                command,
                command.isEmpty() || command.getFirst().startsWith("/"),
                "a command whose first word is a path from the root");
    }

    private static void refusePorts(String key, List<Integer> ports) {
        List<Integer> taken = new ArrayList<>();
        for (int one : ports) {
            Require.between(key, one, 0, PORT_MAX);
            Require.that(key, one, one == 0 || !taken.contains(one), "given once");
            taken.add(one);
        }
    }
}

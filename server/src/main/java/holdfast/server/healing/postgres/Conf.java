package holdfast.server.healing.postgres;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec.Durability;
import holdfast.core.healing.fleet.PostgresSpec;
import holdfast.core.healing.recover.failover.Rule;
import holdfast.server.healing.failover.HostedMember;
import holdfast.server.healing.failover.Secrets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The lines that we own of a server's configuration.
final class Conf {
    /// Included by `postgresql.conf`, as its last line.
    static final String FILE = "holdfast.conf";

    static final String HBA_FILE = "holdfast_hba.conf";
    static final String INCLUDE = "include_if_exists '" + FILE + "'";

    /// A standby of this name never comes: commits wait for one that will.
    private static final String NOBODY = "holdfast_nobody";

    private static final int SOCKET_FOLDER_MAX = 90; // a socket's whole path has at most 107 bytes

    private static final int SLOTS = 10;
    private static final int SLOTS_OF_OTHERS = 4;

    private Conf() {}

    /// @param data the server's folder
    /// @param sockets where its Unix socket lies: not in its folder, which is copied
    static String text(
            PostgresSpec spec, String host, String address, Path data, Path sockets, Setting setting, Secrets secrets) {
        Map<String, String> lines = new LinkedHashMap<>();
        // what is ours to choose, and the owner's to overrule
        lines.put("max_connections", "100");
        lines.put("max_wal_senders", "10");
        lines.put("wal_keep_size", "512MB");
        lines.put("max_slot_wal_keep_size", "4GB"); // for a member that is away; then it is copied anew
        lines.put("wal_sender_timeout", "3s");
        lines.put("wal_receiver_timeout", "3s");
        lines.put("password_encryption", "scram-sha-256");
        lines.put(
                "unix_socket_directories", sockets.toString().length() <= SOCKET_FOLDER_MAX ? sockets.toString() : "");
        lines.putAll(spec.parameters());
        lines.put("listen_addresses", HostedMember.listenOn(address, "*"));
        lines.put("port", Integer.toString(spec.cluster().port()));
        lines.put("cluster_name", spec.cluster().name() + "/" + host);
        lines.put("wal_level", "logical");
        lines.put("wal_log_hints", "on");
        lines.put("hot_standby", "on");
        lines.put("max_replication_slots", Integer.toString(slots(spec)));
        // a promotion that meets the end of the stream waits this long: 5 s by default
        lines.put("wal_retrieve_retry_interval", "100ms");
        lines.put("recovery_target_timeline", "latest");
        lines.put("hba_file", data.resolve(HBA_FILE).toString());
        lines.put("synchronous_standby_names", standbys(spec, setting.rule()));
        lines.put("primary_conninfo", setting.follows() == null ? "" : conninfo(host, setting, secrets));
        lines.put("primary_slot_name", setting.follows() == null ? "" : Slots.name(new NodeId(host)));
        return lines.entrySet().stream()
                .map(line -> line.getKey() + " = " + quote(line.getValue()) + "\n")
                .collect(Collectors.joining());
    }

    /// Those of the members and of the owner, and as many for others as there always are.
    private static int slots(PostgresSpec spec) {
        return Math.max(SLOTS, spec.cluster().hosts().size() + spec.slots().size() + SLOTS_OF_OTHERS);
    }

    private static String quote(String value) {
        return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'";
    }

    static String standbys(PostgresSpec spec, @Nullable Rule rule) {
        if (rule == null || spec.cluster().durability() == Durability.ASYNC) return "";
        if (rule.voters().isEmpty()) return spec.cluster().strict() ? NOBODY : "";
        return rule.voters().stream()
                .map(host -> "\"" + host + "\"")
                .collect(Collectors.joining(", ", "ANY " + rule.need() + " (", ")"));
    }

    private static String conninfo(String host, Setting setting, Secrets secrets) {
        return "host=%s port=%d user=%s password=%s application_name=%s connect_timeout=2 keepalives_idle=1 keepalives_interval=1 keepalives_count=3"
                .formatted(
                        setting.followsAddress(),
                        setting.followsPort(),
                        secrets.replicationUser(),
                        secrets.replicationPassword(),
                        host);
    }

    static String hba(PostgresSpec spec) {
        StringBuilder lines = new StringBuilder();
        spec.hba().forEach(line -> lines.append(line).append('\n'));
        return lines.append("local all all peer\n")
                .append("host replication ")
                .append(Secrets.REPLICATION_USER)
                .append(" all scram-sha-256\n")
                .append("host all all all scram-sha-256\n")
                .toString();
    }
}

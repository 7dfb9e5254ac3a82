package holdfast.core.healing.fleet;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// A PostgreSQL cluster as its owner wants it: a service of `kind: postgresql`. Keys live under
/// `services.NAME.postgresql.`.
///
/// @param parameters for `postgresql.conf`, over our own
/// @param hba lines of `pg_hba.conf`, before our own
/// @param replicaMethod command that makes a copy of the primary, first word a path from the root; empty for
///     `pg_basebackup`
/// @param postInit command that is run once in a new cluster before it serves, first word a path from the root; empty
///     for none
/// @param slots of the owner, by name: 1 to 63 of a-z 0-9 _
public record PostgresSpec(
        ClusterSpec cluster,
        SortedMap<String, String> parameters,
        List<String> hba,
        List<String> replicaMethod,
        List<String> postInit,
        SortedMap<String, SlotSpec> slots) {
    public static final int PORT = 5_432;
    public static final String USER = "postgres";
    public static final int REST_PORT = 8_008;

    /// How the names of the members' own slots begin.
    public static final String SLOT_PREFIX = "holdfast_";

    private static final int SLOTS_MAX = 100;

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

    public PostgresSpec {
        parameters = Collections.unmodifiableSortedMap(new TreeMap<>(parameters));
        hba = List.copyOf(hba);
        replicaMethod = List.copyOf(replicaMethod);
        postInit = postInit == null ? List.of() : List.copyOf(postInit); // written before there was any
        slots = Collections.unmodifiableSortedMap(slots == null ? new TreeMap<>() : new TreeMap<>(slots)); // the same
        ClusterSpec.refuseCommand("postgresql.replica-method", replicaMethod);
        ClusterSpec.refuseCommand("postgresql.post-init", postInit);
        for (String key : parameters.keySet()) {
            Require.that(
                    "postgresql.parameters", key, key.matches("[a-z_][a-z0-9_.]{0,62}"), "a parameter of PostgreSQL");
            Require.that("postgresql.parameters", key, !OURS.contains(key), "left out: it is set by Holdfast");
        }
        Require.between("postgresql.slots", slots.size(), 0, SLOTS_MAX);
        for (String slot : slots.keySet()) {
            boolean free = slot.matches("[a-z0-9_]{1,63}") && !slot.startsWith(SLOT_PREFIX);
            Require.that(
                    "postgresql.slots", slot, free, "1 to 63 of a-z 0-9 _ and another than those of " + SLOT_PREFIX);
        }
        for (String line : hba) {
            Require.that("postgresql.hba", "'" + line + "'", !line.contains("\n"), "one line");
        }
    }

    /// With the hosts named, where they were not.
    public PostgresSpec on(List<NodeId> all) {
        return new PostgresSpec(cluster.on(all), parameters, hba, replicaMethod, postInit, slots);
    }

    /// Of the service.
    public String name() {
        return cluster.name();
    }
}

package holdfast.server.healing.postgres;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.PostgresSpec;
import holdfast.core.healing.recover.failover.Lsn;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.SortedSet;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One physical replication slot for each other member, on the primary: what a member that is away lacks is kept for
/// it, up to `max_slot_wal_keep_size`. Beside them [OwnersSlots]. One thread, the keeper's.
final class Slots {
    private static final Logger LOG = LoggerFactory.getLogger(Slots.class);
    private static final long LOOK_NANOS = 5_000_000_000L;
    private static final String OURS = """
            SELECT slot_name, active, coalesce(wal_status, '') FROM pg_replication_slots
             WHERE slot_type = 'physical' AND slot_name LIKE 'holdfast\\_%'""";

    private final SortedSet<String> wanted = new TreeSet<>();
    private final OwnersSlots owners;
    private long nextLookNanos = Long.MIN_VALUE;

    /// @param notes our own folder for this cluster
    Slots(PostgresSpec spec, NodeId me, Path notes) {
        spec.cluster().others(me).forEach(host -> wanted.add(name(host)));
        this.owners = new OwnersSlots(spec, notes);
    }

    /// A slot's name has 1 to 63 of a-z 0-9 _.
    static String name(NodeId host) {
        return PostgresSpec.SLOT_PREFIX + host.name().replaceAll("[^a-z0-9]", "_");
    }

    /// Of a primary: makes those that lack, drops those of nobody and those that were left behind too far; now and then
    /// only.
    void keep(Sql sql, long nowNanos) {
        if (nowNanos < nextLookNanos) return;
        nextLookNanos = nowNanos + LOOK_NANOS;
        try {
            look(sql, wanted);
            owners.keep(sql);
        } catch (SQLException failed) {
            LOG.warn("The replication slots cannot be kept: {}", failed.getMessage());
        }
    }

    /// Of a replica: what a former primary keeps for others would hold its log for ever.
    void follow(Sessions sessions, Setting setting, Lsn replayed, long nowNanos) {
        boolean due = nowNanos >= nextLookNanos;
        if (!due && !owners.hasNews()) return;
        if (due) nextLookNanos = nowNanos + LOOK_NANOS;
        try {
            owners.follow(sessions.sql(), setting.followsAddress(), replayed);
            if (!due) return;
            look(sessions.sql(), new TreeSet<>());
            owners.ask(sessions, setting.followsAddress(), setting.followsPort());
        } catch (SQLException failed) {
            LOG.warn("The replication slots cannot be kept: {}", failed.getMessage());
        }
    }

    /// At once, for those who come right after a promotion.
    void make(Sql sql) {
        nextLookNanos = Long.MIN_VALUE;
        keep(sql, 0);
    }

    private static void look(Sql sql, SortedSet<String> names) throws SQLException {
        SortedSet<String> lacking = new TreeSet<>(names);
        for (var slot : sql.rows(OURS)) {
            boolean active = slot.get(1).equals("t");
            boolean well = names.contains(slot.getFirst()) && !slot.get(2).equals("lost");
            if (well || active) lacking.remove(slot.getFirst());
            else sql.ask("SELECT pg_drop_replication_slot('" + slot.getFirst() + "')");
        }
        for (String name : lacking) {
            sql.ask("SELECT pg_create_physical_replication_slot('" + name + "', true)");
        }
    }
}

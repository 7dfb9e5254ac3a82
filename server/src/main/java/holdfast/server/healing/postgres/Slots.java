package holdfast.server.healing.postgres;

import holdfast.core.base.NodeId;
import java.sql.SQLException;
import java.util.Collection;
import java.util.SortedSet;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One physical replication slot for each other member, on the primary: what a member that is away lacks is kept for
/// it,
/// up to `max_slot_wal_keep_size`. One thread, the keeper's.
final class Slots {
    private static final Logger LOG = LoggerFactory.getLogger(Slots.class);
    private static final long LOOK_NANOS = 5_000_000_000L;
    private static final String PREFIX = "holdfast_";
    private static final String OURS = """
            SELECT slot_name, active, coalesce(wal_status, '') FROM pg_replication_slots
             WHERE slot_type = 'physical' AND slot_name LIKE 'holdfast\\_%'""";

    private final SortedSet<String> wanted = new TreeSet<>();
    private long nextLookNanos = Long.MIN_VALUE;

    /// @param others hosts of the other members
    Slots(Collection<NodeId> others) {
        others.forEach(host -> wanted.add(name(host)));
    }

    /// A slot's name has 1 to 63 of a-z 0-9 _.
    static String name(NodeId host) {
        return PREFIX + host.name().replaceAll("[^a-z0-9]", "_");
    }

    /// Makes those that lack, drops those of nobody and those that were left behind too far; now and then only.
    void keep(Sql sql, long nowNanos) {
        lookOnceInAWhile(sql, wanted, nowNanos);
    }

    /// What a former primary keeps for others would hold its log for ever.
    void dropAll(Sql sql, long nowNanos) {
        lookOnceInAWhile(sql, new TreeSet<>(), nowNanos);
    }

    /// At once, for those who come right after a promotion.
    void make(Sql sql) {
        nextLookNanos = Long.MIN_VALUE;
        lookOnceInAWhile(sql, wanted, 0);
    }

    private void lookOnceInAWhile(Sql sql, SortedSet<String> names, long nowNanos) {
        if (nowNanos < nextLookNanos) return;
        nextLookNanos = nowNanos + LOOK_NANOS;
        try {
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
        } catch (SQLException failed) {
            LOG.warn("The members' replication slots cannot be kept: {}", failed.getMessage());
        }
    }
}

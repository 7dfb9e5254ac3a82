package holdfast.server.healing.postgres;

import holdfast.core.healing.fleet.PostgresSpec;
import holdfast.core.healing.recover.failover.Lsn;
import holdfast.server.base.SafeFile;
import holdfast.server.base.Threads;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The owner's physical slots: on the primary, and on each replica no further than there, so that whoever reads the log
/// by one finds all that it lacks on the next primary. One thread, the keeper's, which never waits for the primary.
final class OwnersSlots {
    private static final Logger LOG = LoggerFactory.getLogger(OwnersSlots.class);
    private static final String LOOK = """
            SELECT slot_name, active, coalesce(wal_status, ''), coalesce(restart_lsn, '0/0') FROM pg_replication_slots
             WHERE slot_type = 'physical'""";

    private final SortedSet<String> wanted;
    private final Path file;
    private final AtomicBoolean asking = new AtomicBoolean();
    private volatile Told told = new Told("", Collections.emptySortedMap());
    private volatile boolean news; // it said so since the slots last followed

    /// @param notes our own folder for this cluster, where we keep which ones we made
    OwnersSlots(PostgresSpec spec, Path notes) {
        this.wanted = new TreeSet<>(spec.slots().keySet());
        this.file = notes.resolve("slots");
    }

    /// How far the slots of the primary at `address` were.
    private record Told(String address, SortedMap<String, Lsn> from) {}

    private boolean idles() {
        return wanted.isEmpty() && !Files.exists(file);
    }

    /// Makes those that lack, drops those of ours that are wanted no longer.
    void keep(Sql sql) throws SQLException {
        if (idles()) return;
        SortedMap<String, Found> there = look(sql);
        dropUnwanted(sql, there);
        for (String name : wanted) if (!there.containsKey(name)) make(sql, name);
    }

    /// Whether the primary has answered since the slots last followed.
    boolean hasNews() {
        return news;
    }

    /// The same on a replica, where they follow the primary's.
    ///
    /// @param address of the primary: what another one said does not count
    /// @param replayed nothing is let go of beyond this
    void follow(Sql sql, String address, Lsn replayed) throws SQLException {
        news = false;
        Told now = told;
        if (idles()) return;
        SortedMap<String, Found> there = look(sql);
        dropUnwanted(sql, there);
        SortedMap<String, Lsn> until = now.address().equals(address) ? now.from() : Collections.emptySortedMap();
        for (String name : wanted) {
            Found found = there.get(name);
            if (found != null && found.active()) continue;
            if (found != null && found.lost()) drop(sql, name);
            if (found == null || found.lost()) make(sql, name);
            else advance(sql, name, found.from(), until.getOrDefault(name, Lsn.ZERO), replayed);
        }
    }

    /// Asks the primary how far its slots are, aside; the next look goes by it.
    void ask(Sessions sessions, String address, int port) {
        if (wanted.isEmpty() || !asking.compareAndSet(false, true)) return;
        Threads.start("slots of the primary", () -> {
            try (Sql primary = sessions.open(address, port)) {
                SortedMap<String, Lsn> from = new TreeMap<>();
                look(primary).forEach((name, found) -> from.put(name, found.from()));
                told = new Told(address, from);
                news = true;
            } catch (SQLException failed) {
                LOG.debug("The slots of {} are not known: {}", address, failed.getMessage());
            } finally {
                asking.set(false);
            }
        });
    }

    /// A slot.
    ///
    /// @param from where the log begins that it keeps
    /// @param lost the log that it kept is gone
    private record Found(boolean active, boolean lost, Lsn from) {}

    private static SortedMap<String, Found> look(Sql sql) throws SQLException {
        SortedMap<String, Found> there = new TreeMap<>();
        for (List<String> row : sql.rows(LOOK)) {
            boolean lost = row.get(2).equals("lost");
            there.put(row.getFirst(), new Found(row.get(1).equals("t"), lost, Lsn.parse(row.get(3))));
        }
        return there;
    }

    private static void advance(Sql sql, String name, Lsn from, Lsn primarys, Lsn replayed) throws SQLException {
        Lsn to = primarys.compareTo(replayed) < 0 ? primarys : replayed;
        if (to.compareTo(from) > 0) sql.ask("SELECT pg_replication_slot_advance('%s', '%s')".formatted(name, to));
    }

    private void make(Sql sql, String name) throws SQLException {
        SortedSet<String> made = made();
        if (made.add(name)) remember(made);
        sql.ask("SELECT pg_create_physical_replication_slot('" + name + "', true)");
    }

    private static void drop(Sql sql, String name) throws SQLException {
        sql.ask("SELECT pg_drop_replication_slot('" + name + "')");
    }

    private void dropUnwanted(Sql sql, SortedMap<String, Found> there) throws SQLException {
        SortedSet<String> made = made();
        SortedSet<String> left = new TreeSet<>(made);
        for (String name : made) {
            Found found = there.get(name);
            if (wanted.contains(name) || (found != null && found.active())) continue;
            if (found != null) drop(sql, name);
            left.remove(name);
        }
        if (!left.equals(made)) remember(left);
    }

    // ---- which ones are ours ----

    private SortedSet<String> made() {
        try {
            return Files.exists(file) ? new TreeSet<>(Files.readAllLines(file)) : new TreeSet<>();
        } catch (IOException failed) {
            LOG.warn("{} cannot be read: {}", file, failed.getMessage());
            return new TreeSet<>();
        }
    }

    private void remember(SortedSet<String> names) {
        try {
            if (names.isEmpty()) SafeFile.delete(file);
            else SafeFile.write(file, String.join("\n", names).getBytes(StandardCharsets.UTF_8));
        } catch (IOException failed) {
            LOG.warn("{} cannot be written: {}", file, failed.getMessage());
        }
    }
}

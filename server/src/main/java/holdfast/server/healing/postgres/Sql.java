package holdfast.server.healing.postgres;

import holdfast.core.base.NodeId;
import holdfast.core.healing.recover.failover.Lsn;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// One connection of the superuser to one server, opened anew when it broke. One thread.
final class Sql implements AutoCloseable {
    private static final String LOOK = """
            SELECT pg_is_in_recovery(),
                   CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_walfile_name(pg_current_wal_insert_lsn()) END,
                   CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_flush_lsn() END,
                   CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END,
                   (SELECT status || ' ' || coalesce(received_tli, 0) FROM pg_stat_wal_receiver),
                   (SELECT greatest(min_recovery_end_timeline, (SELECT timeline_id FROM pg_control_checkpoint()))
                      FROM pg_control_recovery()),
                   (SELECT count(*) FROM pg_settings WHERE pending_restart),
                   (SELECT system_identifier FROM pg_control_system()),
                   (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'startup'
                       AND wait_event IN ('RecoveryWalStream', 'RecoveryRetrieveRetryInterval'))""";
    private static final String STANDBYS = """
            SELECT application_name, flush_lsn FROM pg_stat_replication
             WHERE state = 'streaming' AND flush_lsn IS NOT NULL""";
    private static final int TIMELINE_DIGITS = 8;

    private final String url;
    private final Properties properties = new Properties();
    private @Nullable Connection connection;

    Sql(String address, int port, String database, String user, String password, int limitSeconds) {
        String host = address.contains(":") ? "[" + address + "]" : address;
        this.url = "jdbc:postgresql://" + host + ":" + port + "/" + database;
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.setProperty("connectTimeout", Integer.toString(limitSeconds));
        properties.setProperty("loginTimeout", Integer.toString(limitSeconds));
        properties.setProperty("socketTimeout", Integer.toString(limitSeconds));
        properties.setProperty("ApplicationName", "holdfast");
        properties.setProperty("gssEncMode", "disable");
    }

    /// What a server says of itself.
    ///
    /// @param timeline of a primary, and of a standby that receives; else the last that its control file has
    /// @param received on disk; null for a standby that received nothing since it started
    /// @param receiver `streaming` and others; null while nothing is received
    /// @param atEnd a standby has replayed all that there is, and waits for more
    record Looked(
            boolean standby,
            int timeline,
            @Nullable Lsn received,
            Lsn replayed,
            @Nullable String receiver,
            boolean pendingRestart,
            long systemId,
            boolean atEnd,
            SortedMap<NodeId, Lsn> flushed) {
        /// Where what it has ends; after a restart a standby may have replayed more than it received since.
        Lsn end() {
            return received != null && received.compareTo(replayed) > 0 ? received : replayed;
        }
    }

    Looked look() throws SQLException {
        try (Statement statement = open().createStatement()) {
            Looked looked;
            try (ResultSet row = statement.executeQuery(LOOK)) {
                row.next();
                String file = row.getString(2);
                String receiver = row.getString(5);
                int timeline = row.getInt(6);
                if (file != null) timeline = Integer.parseInt(file.substring(0, TIMELINE_DIGITS), 16);
                else if (receiver != null) {
                    timeline = Math.max(timeline, Integer.parseInt(receiver.substring(receiver.indexOf(' ') + 1)));
                }
                looked = new Looked(
                        row.getBoolean(1),
                        timeline,
                        Optional.ofNullable(row.getString(3)).map(Lsn::parse).orElse(null),
                        Optional.ofNullable(row.getString(4)).map(Lsn::parse).orElse(Lsn.ZERO),
                        receiver == null ? null : receiver.substring(0, receiver.indexOf(' ')),
                        row.getInt(7) > 0,
                        row.getLong(8),
                        row.getInt(9) > 0,
                        new TreeMap<>());
            }
            if (!looked.standby()) standbys(statement, looked.flushed());
            return looked;
        } catch (SQLException failed) {
            close();
            throw failed;
        }
    }

    private static void standbys(Statement statement, SortedMap<NodeId, Lsn> flushed) throws SQLException {
        try (ResultSet rows = statement.executeQuery(STANDBYS)) {
            while (rows.next()) {
                String name = rows.getString(1);
                if (name.matches("[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")) {
                    flushed.put(new NodeId(name), Lsn.parse(rows.getString(2)));
                }
            }
        }
    }

    /// Runs one query; its rows, nulls as empty.
    List<List<String>> rows(String sql) throws SQLException {
        try (Statement statement = open().createStatement();
                ResultSet found = statement.executeQuery(sql)) {
            List<List<String>> rows = new ArrayList<>();
            while (found.next()) {
                List<String> row = new ArrayList<>();
                for (int column = 1; column <= found.getMetaData().getColumnCount(); column++) {
                    row.add(Optional.ofNullable(found.getString(column)).orElse(""));
                }
                rows.add(row);
            }
            return rows;
        } catch (SQLException failed) {
            close();
            throw failed;
        }
    }

    /// Runs one statement; its first column of its first row, or empty.
    String ask(String sql) throws SQLException {
        try (Statement statement = open().createStatement()) {
            if (!statement.execute(sql)) return "";
            try (ResultSet row = statement.getResultSet()) {
                return row.next() ? Optional.ofNullable(row.getString(1)).orElse("") : "";
            }
        } catch (SQLException failed) {
            close();
            throw failed;
        }
    }

    private Connection open() throws SQLException {
        Connection present = connection;
        if (present != null) return present;
        Connection fresh = DriverManager.getConnection(url, properties);
        connection = fresh;
        return fresh;
    }

    @Override
    public void close() {
        Connection present = connection;
        connection = null;
        if (present == null) return;
        try {
            present.abort(Runnable::run);
        } catch (SQLException _) {
            // it is broken already
        }
    }
}

package holdfast.server.healing.postgres;

import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.healing.failover.ClusterHosts;
import holdfast.server.healing.failover.Writers;
import holdfast.server.peers.RealEtcd;
import holdfast.server.postgres.PostgresBinaries;
import holdfast.server.postgres.TestPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;

/// Three hosts of the PostgreSQL cluster `db`.
final class PostgresHosts extends ClusterHosts {
    private static final String READ_ONLY = "25006";

    private final int port;

    private PostgresHosts(Path folder, Path bin, String durability) throws IOException, InterruptedException {
        super(folder, ClusterSpec.Kind.POSTGRESQL, "db", 77);
        List<Integer> ports = RealEtcd.freePorts(2);
        this.port = ports.getFirst();
        begin("""
                    kind: postgresql
                    hosts: [h1, h2, h3]
                    port: %d
                    postgresql:
                      bin: %s
                      durability: %s
                      rest-port: %d
                      parameters: {shared_buffers: 16MB, fsync: "off"}
                      replica-method: [%s]
                """.formatted(port, bin, durability, ports.get(1), method(bin)));
    }

    static PostgresHosts start(Path folder, String durability) throws IOException, InterruptedException {
        return new PostgresHosts(folder, PostgresBinaries.folder(), durability);
    }

    @Override
    public long server(int host) {
        return lives(data(host).resolve("postmaster.pid"));
    }

    @Override
    protected List<Writers.Way> ways() {
        await("the table", this::makeTable);
        return List.of(new Rows(this));
    }

    private boolean makeTable() {
        int primary = primary();
        if (primary == 0) return false;
        try (Connection connection = connect(primary);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS ledger (number bigint PRIMARY KEY)");
            return true;
        } catch (SQLException _) {
            return false;
        }
    }

    /// Rows of the table, straight to the server.
    private record Rows(PostgresHosts hosts) implements Writers.Way {
        @Override
        public boolean lasts() {
            return true;
        }

        @Override
        public Writers.Pen open(int host) throws IOException {
            try {
                Connection connection = hosts.connect(host);
                return new Inserter(connection, connection.prepareStatement("INSERT INTO ledger VALUES (?)"));
            } catch (SQLException failed) {
                throw new IOException(failed);
            }
        }

        @Override
        public Set<Long> read(int host) throws IOException {
            Set<Long> there = new TreeSet<>();
            try (Connection connection = hosts.connect(host);
                    Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT number FROM ledger")) {
                while (rows.next()) there.add(rows.getLong(1));
                return there;
            } catch (SQLException failed) {
                throw new IOException(failed);
            }
        }
    }

    private record Inserter(Connection connection, PreparedStatement insert) implements Writers.Pen {
        @Override
        public boolean write(long number) throws IOException {
            try {
                insert.setLong(1, number);
                return insert.executeUpdate() == 1;
            } catch (SQLException failed) {
                if (READ_ONLY.equals(failed.getSQLState())) return false; // a standby
                throw new IOException(failed);
            }
        }

        @Override
        public void close() {
            try {
                connection.close();
            } catch (SQLException _) {
                // it is gone
            }
        }
    }

    /// An owner's way to copy a primary: it works as long as the file of its copies is there.
    private Path method(Path bin) throws IOException {
        Path script = Files.writeString(
                folder.resolve("copy.sh"),
                "#!/bin/sh\n[ -e %1$s ] && %2$s/pg_basebackup -D $PGDATA --checkpoint=fast --no-sync && echo $PGDATA >> %1$s\n"
                        .formatted(copies(), bin));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        recordCopies();
        return script;
    }

    /// Where that method writes each copy down.
    Path copies() {
        return folder.resolve("copies");
    }

    void recordCopies() throws IOException {
        Files.createFile(copies());
        Files.setPosixFilePermissions(copies(), PosixFilePermissions.fromString("rw-rw-rw-"));
    }

    /// A server of nobody's.
    TestPostgres startAlone() {
        return TestPostgres.start(folder, "alone");
    }

    /// Nothing more of a primary's log gets to its replicas.
    void stopSending(int host) throws IOException {
        for (ProcessHandle child :
                ProcessHandle.of(server(host)).orElseThrow().children().toList()) {
            String title = Files.readString(Path.of("/proc/" + child.pid() + "/cmdline"));
            if (title.contains("walsender")) ProcessSignal.STOP.sendTo(child.pid());
        }
    }

    /// The superuser's connection to one host's server.
    Connection connect(int host) throws SQLException {
        return connect(host, port, "postgres", password());
    }

    Connection connect(int host, int at, String user, String secret) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", secret);
        properties.setProperty("connectTimeout", "1");
        properties.setProperty("loginTimeout", "2");
        properties.setProperty("socketTimeout", "2");
        return DriverManager.getConnection("jdbc:postgresql://" + address(host) + ":" + at + "/postgres", properties);
    }
}

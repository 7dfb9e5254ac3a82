package holdfast.server.healing.postgres;

import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.healing.failover.ClusterHosts;
import holdfast.server.healing.failover.Writers;
import holdfast.server.peers.RealEtcd;
import holdfast.server.postgres.PostgresBinaries;
import holdfast.server.postgres.TestPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
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
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final int port;
    private final int restPort;

    private PostgresHosts(Path folder, Path bin, String durability) throws IOException, InterruptedException {
        super(folder, ClusterSpec.Kind.POSTGRESQL, "db", 77);
        List<Integer> ports = RealEtcd.freePorts(2);
        this.port = ports.getFirst();
        this.restPort = ports.get(1);
        begin("""
                    kind: postgresql
                    hosts: [h1, h2, h3]
                    port: %d
                    postgresql:
                      bin: %s
                      durability: %s
                      rest-port: %d
                      parameters: {shared_buffers: 16MB}
                      replica-method: [%s]
                      post-init: [%s]
                      on-role-change: [%s, told]
                      priority: {h1: 1}
                      no-balance: [h3]
                      slots: {archive: {type: physical}}
                """.formatted(port, bin, durability, restPort, method(bin), postInit(bin), onRoleChange()));
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

    private Path script(String name, String text) throws IOException {
        Path script = Files.writeString(folder.resolve(name), "#!/bin/sh\n" + text + "\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        return script;
    }

    /// A file that the servers' user may write, too.
    private static Path shared(Path file) throws IOException {
        Files.createFile(file);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
        return file;
    }

    /// An owner's way to copy a primary: it works as long as the file of its copies is there.
    private Path method(Path bin) throws IOException {
        recordCopies();
        return script(
                "copy.sh",
                "[ -e %1$s ] && %2$s/pg_basebackup -D $PGDATA --checkpoint=fast --no-sync && echo $PGDATA >> %1$s"
                        .formatted(copies(), bin));
    }

    /// Where that method writes each copy down.
    Path copies() {
        return folder.resolve("copies");
    }

    void recordCopies() throws IOException {
        shared(copies());
    }

    /// Makes a role for clients, but not at the first try.
    private Path postInit(Path bin) throws IOException {
        return script(
                "init.sh",
                "echo $HOLDFAST_SERVICE >> %1$s\n%2$s/psql -qc 'CREATE ROLE app' || exit 2\n[ $(wc -l < %1$s) -gt 1 ] || { echo no luck; exit 3; }"
                        .formatted(shared(inits()), bin));
    }

    /// Where that writes each of its calls down.
    Path inits() {
        return folder.resolve("inits");
    }

    private Path onRoleChange() throws IOException {
        return script("role.sh", "echo $HOLDFAST_HOST $* $HOLDFAST_FENCE >> " + shared(folder.resolve("roles")));
    }

    /// What that command was told last of a host: `h1 told on_role_change primary db FENCE`.
    String lastRole(int host) {
        try {
            return Files.readAllLines(folder.resolve("roles")).stream()
                    .filter(line -> line.startsWith("h" + host + " "))
                    .reduce("", (_, later) -> later);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /// Answer of a host's health endpoint.
    HttpResponse<String> rest(int host, String path) throws IOException, InterruptedException {
        return HTTP.send(
                HttpRequest.newBuilder(URI.create("http://" + address(host) + ":" + restPort + path))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
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

package holdfast.server.healing.postgres;

import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.healing.failover.ClusterHosts;
import holdfast.server.peers.RealEtcd;
import holdfast.server.postgres.PostgresBinaries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;

/// Three hosts of the PostgreSQL cluster `db`.
final class PostgresHosts extends ClusterHosts {
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
                      parameters: {shared_buffers: 16MB}
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

    /// An owner's way to copy a primary: it works as long as the file of its copies is there.
    private Path method(Path bin) throws IOException {
        Path script = Files.writeString(
                folder.resolve("copy.sh"),
                "#!/bin/sh\n[ -e %1$s ] && %2$s/pg_basebackup -D $PGDATA --checkpoint=fast && echo $PGDATA >> %1$s\n"
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
        return DriverManager.getConnection(
                "jdbc:postgresql://" + address(host) + ":" + port + "/postgres", properties());
    }

    private Properties properties() {
        Properties properties = new Properties();
        properties.setProperty("user", "postgres");
        properties.setProperty("password", password());
        properties.setProperty("connectTimeout", "1");
        properties.setProperty("loginTimeout", "2");
        properties.setProperty("socketTimeout", "2");
        return properties;
    }
}

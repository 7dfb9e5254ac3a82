package holdfast.server.postgres;

import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.peers.Processes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A real PostgreSQL server on a free local port with its data in one folder. Users log in with SCRAM-SHA-256 (or md5
/// if that is how their password is stored); the superuser is `postgres`. Nothing is synced to disk.
public final class TestPostgres implements AutoCloseable {
    /// Of the superuser, who may replicate too.
    public static final String PASSWORD = "secret of postgres";

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final String name;
    private final Path folder;
    private final int port = Processes.freePort();
    private final List<String> settings;
    private Process process;

    private TestPostgres(String name, Path folder, List<String> settings) {
        this.name = name;
        this.folder = folder;
        this.settings = settings;
    }

    /// Makes a cluster of databases in `folder/NAME` and starts it.
    ///
    /// @param settings as in postgresql.conf, such as `max_connections=50`
    public static TestPostgres start(Path folder, String name, String... settings) {
        Path data = PostgresBinaries.own(folder.resolve(name));
        Path password = folder.resolve(name + ".password");
        write(password, PASSWORD);
        run(
                Map.of(),
                PostgresBinaries.command(
                        "initdb",
                        "--pgdata=" + data,
                        "--username=postgres",
                        "--pwfile=" + password,
                        "--auth=scram-sha-256",
                        "--encoding=UTF8",
                        "--locale=C",
                        "--no-sync"));
        write(data.resolve("pg_hba.conf"), """
                host all all 127.0.0.1/32 md5
                host replication all 127.0.0.1/32 md5
                """);
        TestPostgres server = new TestPostgres(name, data, List.of(settings));
        server.start();
        return server;
    }

    /// Copies a running server and starts the copy as its standby, which streams from it.
    public static TestPostgres standbyOf(TestPostgres primary, Path folder, String name, String... settings) {
        Path data = PostgresBinaries.own(folder.resolve(name));
        run(
                Map.of("PGPASSWORD", PASSWORD),
                PostgresBinaries.command(
                        "pg_basebackup",
                        "--pgdata=" + data,
                        "--dbname=host=127.0.0.1 port=" + primary.port + " user=postgres",
                        "--checkpoint=fast",
                        "--wal-method=stream",
                        "--no-sync"));
        TestPostgres server = new TestPostgres(name, data, List.of(settings));
        server.follow(primary);
        server.start();
        return server;
    }

    /// Makes this stopped server a standby of another once it starts.
    public void follow(TestPostgres primary) {
        write(folder.resolve("standby.signal"), "");
        write(folder.resolve("postgresql.auto.conf"), """
                primary_conninfo = 'host=127.0.0.1 port=%d user=postgres password=''%s'' application_name=%s'
                wal_retrieve_retry_interval = '100ms'
                """.formatted(primary.port, PASSWORD, name));
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
            file.toFile().setReadable(true, false);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static void run(Map<String, String> environment, List<String> command) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().putAll(environment);
            Process process = builder.start();
            String output = new String(process.getInputStream().readAllBytes());
            if (process.waitFor() != 0) throw new IllegalStateException(command + " failed:\n" + output);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException bug) {
            throw new IllegalStateException(bug);
        }
    }

    /// Starts it, once it has ended, and waits until it answers.
    public void start() {
        List<String> arguments = new ArrayList<>(List.of(
                "-D",
                folder.toString(),
                "-p",
                "" + port,
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
                "-c",
                "fsync=off",
                "-c",
                "shared_buffers=32MB",
                "-c",
                "log_min_messages=warning"));
        for (String setting : settings) arguments.addAll(List.of("-c", setting));
        try {
            process = new ProcessBuilder(PostgresBinaries.command("postgres", arguments.toArray(String[]::new)))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(
                            folder.resolveSibling(name + ".log").toFile()))
                    .start();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        Processes.await(name + " answers", LIMIT, () -> {
            if (!process.isAlive()) throw new AssertionError(name + " ended:\n" + log());
            try (Connection _ = connect()) {
                return true;
            } catch (SQLException _) {
                return false;
            }
        });
    }

    public String name() {
        return name;
    }

    public int port() {
        return port;
    }

    public Path folder() {
        return folder;
    }

    public long pid() {
        return process.pid();
    }

    public String log() {
        try {
            return Files.readString(folder.resolveSibling(name + ".log"));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /// A connection of the superuser, not through anything.
    public Connection connect() throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + port + "/postgres?connectTimeout=5&socketTimeout=30",
                "postgres",
                PASSWORD);
    }

    /// Executes some SQL as the superuser.
    public void sql(String text) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(text);
        } catch (SQLException failed) {
            throw new AssertionError(name + ": " + text + ": " + failed.getMessage(), failed);
        }
    }

    /// The only value of the only row.
    public String ask(String text) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(text)) {
            if (!rows.next()) throw new AssertionError(name + ": no row: " + text);
            return rows.getString(1);
        } catch (SQLException failed) {
            throw new AssertionError(name + ": " + text + ": " + failed.getMessage(), failed);
        }
    }

    /// Makes a standby a primary and waits until it takes writes.
    public void promote() {
        sql("SELECT pg_promote(true, 60)");
        Processes.await(
                name + " is promoted",
                LIMIT,
                () -> ask("SELECT pg_is_in_recovery()").equals("f"));
    }

    /// A fast shutdown: open sessions are ended, standbys get everything. Waits for the end.
    public void stopFast() {
        if (!process.isAlive()) return;
        signal("INT", process.pid());
        awaitEnd();
    }

    /// SIGKILL for the server and all its processes at once. Waits for the end.
    public void kill9() {
        List<ProcessHandle> all = new ArrayList<>(List.of(process.toHandle()));
        process.descendants().forEach(all::add);
        for (ProcessHandle one : all) one.destroyForcibly();
        awaitEnd();
        for (ProcessHandle one : all) Processes.await("the end of " + one.pid(), LIMIT, () -> !one.isAlive());
    }

    /// SIGSTOP for the server and all its processes, as if its host stood still.
    public void freeze() {
        all(ProcessSignal.STOP);
    }

    /// SIGCONT.
    public void thaw() {
        all(ProcessSignal.CONTINUE);
    }

    private void all(ProcessSignal signal) {
        signal.sendTo(process.pid());
        process.descendants().forEach(one -> signal.sendTo(one.pid())); // none is new
    }

    private static void signal(String signal, long pid) {
        run(Map.of(), List.of("kill", "-" + signal, "" + pid));
    }

    private void awaitEnd() {
        try {
            if (process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) return;
        } catch (InterruptedException bug) {
            throw new IllegalStateException(bug);
        }
        throw new AssertionError(name + " does not end:\n" + log());
    }

    @Override
    public void close() {
        if (process.isAlive()) kill9();
    }
}

package holdfast.server.redundancy.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.server.base.Metrics;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.peers.Cable;
import holdfast.server.peers.Processes;
import holdfast.server.postgres.TestPostgres;
import holdfast.server.redundancy.proxy.ProxyConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.net.Socket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;

/// Real clients, two real servers and a real store around one proxy. Those that change the primary come last and
/// leave a pair behind.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class PostgresProxyTest {
    private static final Duration LIMIT = ProxyTown.LIMIT;
    private static final int LOOPS_MAX = 4; // each gets a client in turn

    @TempDir
    static Path folder;

    private static ProxyTown town;

    @BeforeAll
    static void open() throws IOException, InterruptedException {
        town = new ProxyTown(
                folder,
                ProxyConfig.of("shop", "127.0.0.1", Processes.freePort(), Processes.freePort())
                        .withDrainFor(Duration.ofSeconds(3))
                        .withConnectionsMax(40));
    }

    @AfterAll
    static void close() throws Exception {
        if (town != null) town.close();
    }

    private static String one(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            assertThat(rows.next()).isTrue();
            return rows.getString(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static double cuts(String reason) {
        return number(town.metrics, "cuts_total{reason=\"" + reason + "\",service=\"shop\"} ");
    }

    private static double stalls(Metrics metrics) {
        return number(metrics, "stalls_total{service=\"shop\"} ");
    }

    private static double number(Metrics metrics, String series) {
        String line = "holdfast_postgres_proxy_" + series;
        String page = metrics.expose();
        int at = page.indexOf(line);
        return at < 0 ? 0 : Double.parseDouble(page.substring(at + line.length(), page.indexOf('\n', at)));
    }

    /// What a query says, or the SQLSTATE of its failure.
    private static CompletableFuture<String> asked(Connection connection, String sql) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return one(connection, sql);
            } catch (SQLException failed) {
                return failed.getSQLState();
            }
        });
    }

    private static void awaitSessions(TestPostgres server, int count, String which) {
        Processes.await(
                count + " sessions with " + which,
                LIMIT,
                () -> server.ask("SELECT count(*) FROM pg_stat_activity WHERE " + which)
                        .equals("" + count));
    }

    /// Every loop of a proxy answers another client, after whatever had come there before.
    private static void awaitTurn(int port) throws IOException {
        for (int loop = 0; loop < LOOPS_MAX; loop++) {
            try (Socket socket = new Socket("127.0.0.1", port)) {
                socket.setSoTimeout((int) LIMIT.toMillis());
                socket.getOutputStream().write(new byte[9]);
                assertThat(socket.getInputStream().readAllBytes()).startsWith((byte) 'E');
            }
        }
    }

    // ---- one primary ----------------------------------------------------------------------------------------------

    @Test
    @Order(1)
    void login_rightPassword_reachesThePrimary() throws SQLException {
        assertThat(town.psql("-Atc", "SELECT current_user || ' ' || pg_is_in_recovery()")
                        .output())
                .isEqualTo("clerk false\n");
        try (Connection connection = town.connect()) {
            assertThat(one(connection, "SELECT inet_server_port()")).isEqualTo("" + town.primary.port());
        }
    }

    @Test
    @Order(1)
    void login_wrongPasswordOrNoSuchUser_isRefusedAlike() {
        for (String user : List.of("clerk", "nobody")) {
            ProxyTown.Ran ran = town.program("psql", user, "wrong", "--dbname=postgres", "-c", "SELECT 1")
                    .await();
            assertThat(ran.status()).isEqualTo(2);
            assertThat(ran.output()).contains("FATAL:  password authentication failed for user \"" + user + "\"");
        }
        assertThatThrownBy(() -> DriverManager.getConnection(town.address(town.proxy.writePort()), "clerk", "wrong"))
                .isInstanceOfSatisfying(
                        SQLException.class,
                        failed -> assertThat(failed.getSQLState()).isEqualTo("28P01"));
    }

    @Test
    @Order(1)
    void login_passwordChanged_newOneWorksAtOnce() {
        town.primary.sql("CREATE ROLE fickle LOGIN PASSWORD 'old'");
        assertThat(town.program("psql", "fickle", "old", "--dbname=postgres", "-Atc", "SELECT 1")
                        .await()
                        .output())
                .isEqualTo("1\n");
        town.primary.sql("ALTER ROLE fickle PASSWORD 'new'");
        Processes.await(
                "the new password",
                LIMIT,
                () -> town.program("psql", "fickle", "new", "--dbname=postgres", "-Atc", "SELECT 1")
                                .await()
                                .status()
                        == 0);
        assertThat(town.program("psql", "fickle", "old", "--dbname=postgres", "-Atc", "SELECT 1")
                        .await()
                        .status())
                .isEqualTo(2);
    }

    @Test
    @Order(1)
    void login_md5Verifier_worksToo() {
        town.primary.sql("SET password_encryption = 'md5'; CREATE ROLE elder LOGIN PASSWORD 'grey'");
        assertThat(town.program("psql", "elder", "grey", "--dbname=postgres", "-Atc", "SELECT current_user")
                        .await())
                .isEqualTo(new ProxyTown.Ran(0, "elder\n"));
        assertThat(town.program("psql", "elder", "white", "--dbname=postgres", "-Atc", "SELECT 1")
                        .await()
                        .status())
                .isEqualTo(2);
    }

    @Test
    @Order(1)
    void login_serverRefuses_itsErrorIsPassedOn() {
        assertThat(town.program("psql", "clerk", ProxyTown.USER_PASSWORD, "--dbname=nowhere", "-c", "SELECT 1")
                        .await()
                        .output())
                .contains("FATAL:  database \"nowhere\" does not exist");
    }

    @Test
    @Order(1)
    void clients_moreThanTheMost_areRefused() throws SQLException {
        List<Connection> all = new ArrayList<>();
        try {
            for (int n = 0; n < 40; n++) all.add(town.connect());
            assertThatThrownBy(() -> town.connect())
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            failed -> assertThat(failed.getSQLState()).isEqualTo("53300"));
        } finally {
            for (Connection connection : all) connection.close();
        }
        Processes.await(
                "room for others", LIMIT, () -> town.psql("-c", "SELECT 1").status() == 0);
    }

    @Test
    @Order(1)
    void readPort_replicaStreams_leadsThere() throws SQLException {
        try (Connection connection = town.connectToRead()) {
            assertThat(one(connection, "SELECT pg_is_in_recovery()")).isEqualTo("t");
        }
    }

    @Test
    @Order(1)
    void readPort_onlyReplicaIsNotForReaders_leadsToThePrimary() {
        town.announce(true);
        try {
            Processes.await("readers at the primary", LIMIT, () -> {
                try (Connection connection = town.connectToRead()) {
                    return one(connection, "SELECT pg_is_in_recovery()").equals("f");
                } catch (SQLException _) {
                    return false;
                }
            });
        } finally {
            town.announce();
        }
        Processes.await("readers at the replica", LIMIT, () -> {
            try (Connection connection = town.connectToRead()) {
                return one(connection, "SELECT pg_is_in_recovery()").equals("t");
            } catch (SQLException _) {
                return false;
            }
        });
    }

    @Test
    @Order(1)
    void readPort_replicaIsGone_goesOnAtThePrimary() throws SQLException {
        try (Connection connection = town.connectToRead()) {
            assertThat(one(connection, "SELECT pg_is_in_recovery()")).isEqualTo("t");
            town.delete("members/" + town.standby.name());
            awaitSessions(town.standby, 0, "usename = 'clerk'"); // it has left
            assertThat(one(connection, "SELECT pg_is_in_recovery()")).isEqualTo("f");
        } finally {
            town.announce();
        }
    }

    @Test
    @Order(1)
    void query_cancelled_endsWithItsErrorAndTheSessionGoesOn() throws Exception {
        try (Connection connection = town.connect();
                Statement statement = connection.createStatement()) {
            CompletableFuture<SQLException> failure = CompletableFuture.supplyAsync(() -> {
                try {
                    statement.execute("SELECT pg_sleep(60)");
                    return new SQLException("it slept");
                } catch (SQLException failed) {
                    return failed;
                }
            });
            awaitSessions(town.primary, 1, "query = 'SELECT pg_sleep(60)' AND state = 'active'");
            statement.cancel();
            assertThat(failure.get().getSQLState()).isEqualTo("57014");
            assertThat(one(connection, "SELECT 1")).isEqualTo("1");
        }
    }

    @Test
    @Order(1)
    void copy_inAndOut_bothProtocols() throws Exception {
        try (Connection connection = town.connect()) {
            execute(connection, "DROP TABLE IF EXISTS copied");
            execute(connection, "CREATE TABLE copied (n int, t text)");
            StringBuilder rows = new StringBuilder();
            for (int n = 0; n < 50_000; n++)
                rows.append(n).append("\trow of ").append(n).append('\n');
            var copy = connection.unwrap(PGConnection.class).getCopyAPI();
            assertThat(copy.copyIn("COPY copied FROM STDIN", new StringReader(rows.toString())))
                    .isEqualTo(50_000);
            StringWriter out = new StringWriter();
            copy.copyOut("COPY (SELECT * FROM copied ORDER BY n) TO STDOUT", out);
            assertThat(out.toString()).isEqualTo(rows.toString());
            assertThatThrownBy(() -> copy.copyIn("COPY copied FROM STDIN", new StringReader("no number\tx\n")))
                    .isInstanceOf(SQLException.class);
            assertThat(one(connection, "SELECT count(*) FROM copied")).isEqualTo("50000");
        }
    }

    @Test
    @Order(1)
    void result_largerThanMemoryAllows_waitsForASlowReader() throws Exception {
        ProxyTown.Program reader = town.program(
                "psql",
                "clerk",
                ProxyTown.USER_PASSWORD,
                "--dbname=postgres",
                "-At",
                "-v",
                "FETCH_COUNT=0",
                "-c",
                "COPY (SELECT repeat('x', 100000) FROM generate_series(1, 3000)) TO STDOUT");
        Processes.await("it reads", LIMIT, () -> !reader.output().isEmpty());
        new ProcessBuilder("kill", "-STOP", "" + reader.process().pid()).start().waitFor();
        try {
            awaitSessions(town.primary, 1, "wait_event = 'ClientWrite'"); // it waits for its client
        } finally {
            new ProcessBuilder("kill", "-CONT", "" + reader.process().pid())
                    .start()
                    .waitFor();
        }
        ProxyTown.Ran ran = reader.await();
        assertThat(ran.status()).isZero();
        assertThat(ran.output().length()).isEqualTo(3_000 * 100_001);
    }

    @Test
    @Order(1)
    void garbage_onThePort_isRefusedAndOthersGoOn() throws Exception {
        byte[][] all = {
            "GET / HTTP/1.1\r\n\r\n".getBytes(), new byte[9], {0, 0, 0, 8, 0, 9, 0, 0}, {0x7f, -1, -1, -1, 0, 3, 0, 0}
        };
        for (byte[] garbage : all) {
            try (Socket socket = new Socket("127.0.0.1", town.proxy.writePort())) {
                socket.setSoTimeout(5_000);
                OutputStream out = socket.getOutputStream();
                out.write(garbage);
                byte[] answer = socket.getInputStream().readAllBytes();
                assertThat(answer).startsWith((byte) 'E');
            }
        }
        assertThat(town.psql("-Atc", "SELECT 1").output()).isEqualTo("1\n");
    }

    @Test
    @Order(1)
    void pipeline_ofManyStatements_isAnsweredInOrder() throws SQLException {
        try (Connection connection = town.connect()) {
            execute(connection, "CREATE TABLE IF NOT EXISTS piped (n int)");
            execute(connection, "TRUNCATE piped");
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO piped VALUES (?)")) {
                for (int n = 0; n < 2_000; n++) {
                    insert.setInt(1, n);
                    insert.addBatch();
                }
                assertThat(insert.executeBatch()).hasSize(2_000).containsOnly(1);
            }
            assertThat(one(connection, "SELECT sum(n) FROM piped")).isEqualTo("1999000");
        }
    }

    @Test
    @Order(1)
    void stall_unconfirmed_holdsAnswersUntilTheStoreSaysWhoLeads() throws Exception {
        try (Connection lock = town.primary.connect();
                Connection asking = town.connect();
                Connection idle = town.connect()) {
            assertThat(one(idle, "SELECT 1")).isEqualTo("1");
            execute(lock, "SELECT pg_advisory_lock(1)");
            CompletableFuture<String> answer = asked(asking, "SELECT 2 FROM pg_advisory_xact_lock(1)");
            awaitSessions(town.primary, 1, "wait_event = 'advisory'");
            double before = stalls(town.metrics);
            town.store.server(0).freeze();
            CompletableFuture<String> another;
            try {
                town.ticker.jump(Duration.ofSeconds(1));
                Processes.await("the stall is seen", LIMIT, () -> stalls(town.metrics) > before);
                another = asked(idle, "SELECT 3");
                execute(lock, "SELECT pg_advisory_unlock(1)");
                awaitSessions(town.primary, 1, "state = 'idle' AND query LIKE 'SELECT 2 %'"); // it has answered
                awaitTurn(town.proxy.writePort());
                assertThat(answer).isNotDone();
                assertThat(another).isNotDone();
            } finally {
                town.store.server(0).thaw();
            }
            assertThat(answer.get()).isEqualTo("2");
            assertThat(another.get()).isEqualTo("3");
        }
    }

    @Test
    @Order(2)
    void commit_whoseWaitForReplicasIsCancelled_isNotAcknowledged() throws Exception {
        town.primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        town.primary.sql("SELECT pg_reload_conf()");
        try {
            for (String sql : List.of("SET client_min_messages = warning", "SET lc_messages = 'C'")) {
                try (Connection connection = town.connect();
                        Statement statement = connection.createStatement()) {
                    execute(connection, "SET synchronous_commit = off");
                    execute(connection, "CREATE TABLE IF NOT EXISTS waited (n int)");
                    execute(connection, "SET synchronous_commit = on");
                    if (sql.startsWith("SET client")) execute(connection, sql);
                    CompletableFuture<SQLException> failure = CompletableFuture.supplyAsync(() -> {
                        try { // until the server has heard of its new setting, it waits for nobody
                            while (true) statement.execute("INSERT INTO waited VALUES (1)");
                        } catch (SQLException failed) {
                            return failed;
                        }
                    });
                    awaitSessions(town.primary, 1, "wait_event = 'SyncRep'");
                    statement.cancel();
                    assertThat(failure.get(LIMIT.toSeconds(), TimeUnit.SECONDS).getSQLState())
                            .isEqualTo("08007");
                }
            }
        } finally {
            town.primary.sql("ALTER SYSTEM RESET synchronous_standby_names");
            town.primary.sql("SELECT pg_reload_conf()");
        }
        assertThat(cuts("unreplicated")).isEqualTo(2);
    }

    // ---- the primary changes --------------------------------------------------------------------------------------

    @Test
    @Order(3)
    void switchover_underPgbench_noClientSeesAnError() {
        town.primary.sql("CREATE DATABASE bench OWNER clerk");
        assertThat(town.program("pgbench", "clerk", ProxyTown.USER_PASSWORD, "-i", "-q", "-s", "1", "bench")
                        .await()
                        .status())
                .isZero();
        List<ProxyTown.Program> benches = new ArrayList<>();
        for (String protocol : List.of("simple", "extended", "prepared")) {
            benches.add(town.program(
                    "pgbench",
                    "clerk",
                    ProxyTown.USER_PASSWORD,
                    "-n",
                    "-M",
                    protocol,
                    "-c",
                    "3",
                    "-T",
                    "8",
                    "-P",
                    "1",
                    "bench"));
        }
        for (ProxyTown.Program bench : benches) {
            Processes.await("it runs", LIMIT, () -> bench.output().contains("progress: 1.0"));
        }
        town.switchOver();
        for (ProxyTown.Program bench : benches) {
            ProxyTown.Ran ran = bench.await();
            assertThat(ran.output())
                    .contains("number of failed transactions: 0 ")
                    .doesNotContain("error");
            assertThat(ran.status()).isZero();
        }
        town.follow();
    }

    @Test
    @Order(4)
    void switchover_session_keepsSettingsAndPreparedStatements() throws SQLException {
        try (Connection connection = town.connect();
                PreparedStatement prepared = connection.prepareStatement("SELECT ?::int + 1")) {
            connection.unwrap(PGConnection.class).setPrepareThreshold(1);
            execute(connection, "SET work_mem = '7MB'");
            execute(connection, "SET search_path TO pg_catalog, public; SET TimeZone TO 'Asia/Tokyo'");
            connection.setAutoCommit(false);
            execute(connection, "SET statement_timeout = '77s'");
            connection.rollback();
            execute(connection, "SET lock_timeout = '78s'");
            execute(connection, "SET LOCAL enable_seqscan = off");
            connection.commit();
            connection.setAutoCommit(true);
            for (int n = 0; n < 3; n++) {
                prepared.setInt(1, n);
                try (ResultSet rows = prepared.executeQuery()) {
                    assertThat(rows.next()).isTrue();
                    assertThat(rows.getInt(1)).isEqualTo(n + 1);
                }
            }
            int before = town.primary.port();
            town.switchOver();
            prepared.setInt(1, 41);
            try (ResultSet rows = prepared.executeQuery()) {
                assertThat(rows.next()).isTrue();
                assertThat(rows.getInt(1)).isEqualTo(42);
            }
            assertThat(one(connection, "SELECT inet_server_port()")).isNotEqualTo("" + before);
            assertThat(one(connection, "SHOW work_mem")).isEqualTo("7MB");
            assertThat(one(connection, "SHOW search_path")).isEqualTo("pg_catalog, public");
            assertThat(one(connection, "SHOW TimeZone")).isEqualTo("Asia/Tokyo");
            assertThat(one(connection, "SHOW statement_timeout")).isEqualTo("0");
            assertThat(one(connection, "SHOW lock_timeout")).isEqualTo("78s");
            assertThat(one(connection, "SHOW enable_seqscan")).isEqualTo("on");
        }
        town.follow();
    }

    @Test
    @Order(5)
    void kill_ofThePrimary_pausesTheIdleAndEndsTheBusy() throws Exception {
        town.primary.sql("CREATE TABLE IF NOT EXISTS kept (n int)");
        town.primary.sql("GRANT ALL ON kept TO clerk");
        try (Connection idle = town.connect();
                Connection busy = town.connect();
                Connection listening = town.connect()) {
            assertThat(one(idle, "SELECT 1")).isEqualTo("1");
            execute(listening, "LISTEN something");
            busy.setAutoCommit(false);
            execute(busy, "INSERT INTO kept VALUES (1)");
            Processes.await(
                    "the standby has everything",
                    LIMIT,
                    () -> town.primary
                            .ask("SELECT count(*) FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()")
                            .equals("1"));
            town.primary.kill9();
            AtomicReference<Thread> writer = new AtomicReference<>();
            CompletableFuture<String> held = CompletableFuture.supplyAsync(() -> {
                writer.set(Thread.currentThread());
                try {
                    execute(idle, "INSERT INTO kept VALUES (2)");
                    return one(idle, "SELECT inet_server_port()");
                } catch (SQLException failed) {
                    return failed.toString();
                }
            });
            assertThatThrownBy(() -> execute(busy, "INSERT INTO kept VALUES (3)"))
                    .isInstanceOfSatisfying(
                            SQLException.class, // the second when a process outlived the postmaster for a moment
                            failed -> assertThat(failed.getSQLState()).isIn("08006", "57P01"));
            assertThatThrownBy(() -> execute(listening, "SELECT 1"))
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            failed -> assertThat(failed.getSQLState()).isEqualTo("57P01"));
            CompletableFuture<String> fresh = CompletableFuture.supplyAsync(
                    () -> town.psql("-Atc", "SELECT 'new'").output());
            Processes.await(
                    "two are held",
                    LIMIT,
                    () -> town.metrics.expose().contains("holdfast_postgres_proxy_held{service=\"shop\"} 1"));
            assertThat(held).isNotDone();
            town.promote();
            assertThat(held.get()).isEqualTo("" + town.primary.port());
            assertThat(fresh.get()).isEqualTo("new\n");
            assertThat(one(idle, "SELECT string_agg(n::text, ',' ORDER BY n) FROM kept"))
                    .isEqualTo("2");
        }
        town.follow();
    }

    @Test
    @Order(6)
    void fence_changes_cutsWhatRunsAtOnce() throws Exception {
        try (Connection idle = town.connect();
                Connection busy = town.connect()) {
            assertThat(one(idle, "SELECT 1")).isEqualTo("1");
            double before = cuts("fence");
            CompletableFuture<String> running = asked(busy, "SELECT pg_sleep(20)");
            awaitSessions(town.primary, 1, "wait_event = 'PgSleep'");
            town.delete("leader"); // the server lives on, and must not be heard any more
            assertThat(running.get()).isEqualTo("08006");
            assertThat(cuts("fence")).isEqualTo(before + 1);
            TestPostgres old = town.primary;
            town.standby.promote();
            town.primary = town.standby;
            town.lead(true);
            assertThat(one(idle, "SELECT inet_server_port()")).isEqualTo("" + town.primary.port());
            assertThat(old.ask("SELECT count(*) FROM pg_stat_activity WHERE usename = 'clerk' AND state = 'idle'"))
                    .isEqualTo("0");
            old.close();
        }
        town.follow();
    }

    /// Its host was frozen together with a proxy, whose news of the store are old when both wake. Commits wait for no
    /// replica here, so the server acknowledges one that nobody else has.
    @Test
    @Order(7)
    void formerPrimary_thatWakesAndAcknowledges_isNotHeard() throws Exception {
        TestPostgres former = town.primary;
        former.sql("CREATE TABLE late (n int)");
        former.sql("GRANT ALL ON late TO clerk");
        Metrics numbers = new Metrics();
        try (Cable cable = new Cable(Endpoint.parse(town.store.url(0)).port());
                Etcd old = town.clientBy(cable);
                PostgresProxy frozen = town.another(ProxyConfig.of("shop", "127.0.0.1", 0, 0), old, numbers);
                Connection lock = former.connect();
                Connection client = town.connectAt(frozen.writePort())) {
            execute(lock, "SELECT pg_advisory_lock(1)");
            CompletableFuture<String> commit =
                    asked(client, "INSERT INTO late SELECT 1 FROM pg_advisory_xact_lock(1) RETURNING n");
            awaitSessions(former, 1, "wait_event = 'advisory'");
            former.freeze();
            cable.cut();
            town.promote();
            double before = stalls(numbers);
            town.ticker.jump(Duration.ofSeconds(1));
            Processes.await("the proxy sees that it stood still", LIMIT, () -> stalls(numbers) > before);
            former.thaw();
            execute(lock, "SELECT pg_advisory_unlock(1)");
            awaitSessions(former, 1, "state = 'idle' AND query LIKE 'INSERT INTO late %'"); // it has acknowledged
            assertThat(former.ask("SELECT count(*) FROM late")).isEqualTo("1");
            awaitTurn(frozen.writePort());
            assertThat(commit).isNotDone();
            cable.mend();
            assertThat(commit.get()).isEqualTo("08006");
        } finally {
            former.close();
        }
        town.follow();
    }

    @Test
    @Order(8)
    void switchover_transactionThatDoesNotEnd_isCutAfterTheGrace() throws Exception {
        try (Connection busy = town.connect()) {
            busy.setAutoCommit(false);
            assertThat(one(busy, "SELECT 1")).isEqualTo("1");
            town.lead(false);
            assertThat(one(busy, "SELECT 2")).isEqualTo("2"); // goes on
            Processes.await("the grace is over", LIMIT, () -> cuts("drain") > 0);
            assertThatThrownBy(() -> one(busy, "SELECT 3")).isInstanceOf(SQLException.class);
        } finally {
            town.lead(true);
        }
        assertThat(town.psql("-Atc", "SELECT 1").output()).isEqualTo("1\n");
    }

    @Test
    @Order(9)
    void noPrimary_forLongerThanTheHold_isAClearError() throws Exception {
        ProxyConfig hasty = ProxyConfig.of("shop", "127.0.0.1", 0, 0).withHoldFor(Duration.ofMillis(300));
        try (PostgresProxy other = town.another(hasty)) {
            try (Connection connection = town.connectAt(other.writePort())) {
                assertThat(one(connection, "SELECT 1")).isEqualTo("1");
                town.delete("leader");
                Processes.await("it has left", LIMIT, () -> town.sessions() == 0);
                assertThatThrownBy(() -> one(connection, "SELECT 1"))
                        .isInstanceOfSatisfying(SQLException.class, failed -> {
                            assertThat(failed.getSQLState()).isEqualTo("08006");
                            assertThat(failed.getMessage())
                                    .contains("no server that could take this session for 300 ms");
                        });
                assertThatThrownBy(() -> town.connectAt(other.writePort()))
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                failed -> assertThat(failed.getSQLState()).isEqualTo("08006"));
            }
        } finally {
            town.lead(true);
        }
    }
}

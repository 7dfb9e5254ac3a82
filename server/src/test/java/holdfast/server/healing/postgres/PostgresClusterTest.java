package holdfast.server.healing.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.healing.Incident;
import holdfast.server.client.Answer;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.healing.failover.ClusterHosts;
import holdfast.server.healing.failover.ClusterScenarios;
import holdfast.server.healing.failover.Operator;
import holdfast.server.postgres.TestPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What befalls a PostgreSQL cluster, and what of it is PostgreSQL's own.
final class PostgresClusterTest extends ClusterScenarios<PostgresHosts> {
    @Override
    protected PostgresHosts open(Path folder) throws IOException, InterruptedException {
        return PostgresHosts.start(folder, "sync-1");
    }

    @Test
    void server_thatIsKilled_isRestartedWhereItIs() {
        int primary = hosts.primary();
        long term = hosts.term();
        long postmaster = hosts.server(primary);
        ProcessSignal.KILL.sendTo(postmaster);
        hosts.await("another postmaster", () -> hosts.server(primary) != 0 && hosts.server(primary) != postmaster);
        writers.awaitMore();
        assertThat(hosts.primary()).isEqualTo(primary);
        assertThat(hosts.term()).isEqualTo(term);
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void switchover_toAHost_makesItThePrimary_withTheSlots_oneForEachOther_andTellsTheCommands() {
        hosts.await("two slots in use", () -> slots(hosts.primary(), "active") == 2);
        int former = hosts.primary();
        int next = switchOver();
        awaitUnharmed();
        hosts.await("slots of the new primary", () -> slots(next, "active") == 2);
        for (int host = 1; host <= 3; host++) {
            int replica = host;
            if (host != next) {
                hosts.await("no slots left on h" + host, () -> slots(replica, "slot_name <> 'archive'") == 0);
            }
        }
        long fence = Objects.requireNonNull(hosts.cluster().holder()).fence().epoch();
        hosts.await(
                "the command of the new primary",
                () -> hosts.lastRole(next).equals("h" + next + " told on_role_change primary db " + fence));
        hosts.await(
                "the command of the former primary",
                () -> hosts.lastRole(former).startsWith("h" + former + " told on_role_change replica db "));
    }

    @Test
    void slotOfTheOwner_isOnEveryMember_andFollowsThePrimarys() throws SQLException {
        int primary = hosts.primary();
        for (int host = 1; host <= 3; host++) {
            int member = host;
            hosts.await("the slot on h" + host, () -> slots(member, "slot_name = 'archive'") == 1);
        }
        String until;
        try (Connection connection = hosts.connect(primary);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT end_lsn FROM pg_replication_slot_advance('archive', pg_current_wal_flush_lsn())")) {
            row.next();
            until = row.getString(1);
        }
        for (int host = 1; host <= 3; host++) {
            int member = host;
            hosts.await(
                    "the slot on h" + host + " at " + until,
                    () -> slots(member, "slot_name = 'archive' AND restart_lsn = '" + until + "'") == 1);
        }
    }

    @Test
    void founding_whosePostInitFailed_wasMadeAgainFromScratch() throws IOException, SQLException {
        assertThat(hosts.inits()).content().isEqualTo("db\ndb\n");
        assertThat(Stream.of(1, 2, 3).map(host -> hosts.agentOf(host).log()))
                .filteredOn(log -> log.contains("init.sh ended with status 3: no luck"))
                .hasSize(1);
        try (Connection connection = hosts.connect(another(hosts.primary()))) {
            assertThat(count(connection, "pg_roles WHERE rolname = 'app'")).isEqualTo(1);
        }
    }

    @Test
    void health_tellsTags_andSendsNoReadersWhereNoneAreToGo() throws IOException, InterruptedException {
        assertThat(hosts.rest(1, "/patroni").body()).contains("\"tags\":{\"failover_priority\":1}");
        assertThat(hosts.rest(2, "/patroni").body()).doesNotContain("tags");
        assertThat(hosts.rest(2, "/cluster").body()).containsOnlyOnce("\"tags\":{\"noloadbalance\":true}");
        assertThat(hosts.command("list", hosts.service()).text()).containsPattern("h3 .* no-balance\n");
        for (int host = 1; host <= 3; host++) {
            boolean primary = host == hosts.primary();
            int replica = primary || host == 3 ? 503 : 200;
            assertThat(hosts.rest(host, "/replica").statusCode()).isEqualTo(replica);
            assertThat(hosts.rest(host, "/read-only").statusCode()).isEqualTo(primary ? 200 : replica);
            assertThat(hosts.rest(host, "/health").statusCode()).isEqualTo(200);
            assertThat(hosts.rest(host, "/health?tag_failover_priority=1").statusCode())
                    .isEqualTo(host == 1 ? 200 : 503);
        }
    }

    private int slots(int host, String which) {
        try (Connection connection = hosts.connect(host)) {
            return count(connection, "pg_replication_slots WHERE " + which);
        } catch (SQLException _) {
            return -1;
        }
    }

    private static int count(Connection connection, String from) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM " + from)) {
            row.next();
            return row.getInt(1);
        }
    }

    /// By the owner's method.
    @Override
    protected void madeAnew(int host) throws IOException {
        assertThat(Files.readAllLines(hosts.copies()).getLast()).isEqualTo(hosts.data(host) + ".new");
    }

    /// Neither way to bring its data in line works: it is copied by PostgreSQL's own.
    @Test
    void formerPrimary_thatLostItsLog_isCopiedAnew() throws IOException {
        int former = hosts.primary();
        long term = hosts.term();
        hosts.kill(former);
        awaitAnother(former, term);
        try (Stream<Path> files = Files.list(hosts.data(former).resolve("pg_wal"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) Files.delete(file);
        }
        Path mark = Files.writeString(hosts.data(former).resolve("not-copied"), "");
        Files.delete(hosts.copies());
        hosts.restart(former);
        hosts.awaitWhole();
        hosts.recordCopies();
        assertThat(mark).doesNotExist();
        awaitUnharmed();
    }

    @Override
    protected void writeAlone(int host) throws IOException {
        hosts.stopSending(host);
        try (Connection connection = hosts.connect(host);
                Statement statement = connection.createStatement()) {
            statement.execute("SET synchronous_commit = local");
            statement.execute("CREATE TABLE alone AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 10000)");
        } catch (SQLException ended) {
            assertThat(ended.getSQLState()).isNotNull(); // by the guard, which may come first
        }
    }

    /// It was rewound, and the incident says so.
    @Override
    protected void cameBack(int former, Incident before) {
        hosts.await(
                "what it had alone",
                () -> incident(hosts.term()).entries().size() > before.entries().size());
        assertThat(incident(hosts.term()).entries())
                .last()
                .extracting(entry -> entry.what().sentence())
                .asString()
                .matches("h" + former
                        + " is back: \\d{4,} bytes of its log are nowhere else, and were taken back; no commit .*");
    }

    @Test
    void server_thatRanBefore_isStoppedInOrder_andAdoptedWithItsRowsAndUsers() throws SQLException {
        TestPostgres before = hosts.startAlone();
        Path lock = before.folder().resolve("postmaster.pid");
        try {
            before.sql("CREATE ROLE clerk LOGIN PASSWORD 'of before'");
            before.sql("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n");
            before.sql("GRANT SELECT ON kept TO clerk");
            hosts.apply("""
                      adopted:
                        kind: postgresql
                        hosts: [h1]
                        port: %d
                        postgresql: {data: %s, durability: async, lease: 1s, rest-port: 0}
                    """.formatted(before.port(), before.folder()));
            Operator operator = new Operator(hosts.etcd(), hosts.kind(), "adopted");
            hosts.await(
                    "it serves",
                    () -> operator.read() instanceof Answer.Done<Operator.Cluster>(Operator.Cluster cluster)
                            && cluster.holder() != null
                            && cluster.holder().serving());
            assertThat(ClusterHosts.lives(lock)).isNotZero().isNotEqualTo(before.pid());
            assertThat(before.log()).contains("received fast shutdown request", "database system is shut down");
            try (Connection clerk = hosts.connect(1, before.port(), "clerk", "of before")) {
                assertThat(count(clerk, "kept")).isEqualTo(1_000);
            }
        } finally {
            hosts.apply("");
            hosts.await("its guard ends it", () -> ClusterHosts.lives(lock) == 0);
            before.close();
        }
        assertThat(writers.lost()).isEmpty();
    }
}

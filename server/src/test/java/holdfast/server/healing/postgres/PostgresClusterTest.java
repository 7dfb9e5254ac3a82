package holdfast.server.healing.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Outcome;
import holdfast.core.healing.Incident;
import holdfast.core.healing.recover.failover.Member;
import holdfast.core.healing.recover.failover.Wish;
import holdfast.server.client.Answer;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.healing.failover.ClusterHosts;
import holdfast.server.healing.failover.Task;
import holdfast.server.ledger.LedgerStore;
import holdfast.server.ledger.Seen;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What happens to a cluster with `durability: sync-1` when its parts are killed, frozen, left without the store and
/// handed over:
/// nothing that was acknowledged is lost, and it is whole again without a person. Each test finds it whole and leaves
/// it so.
final class PostgresClusterTest {
    @TempDir
    private static Path folder;

    private static PostgresHosts hosts;

    private Writers writers;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        hosts = PostgresHosts.start(folder, "sync-1");
    }

    @AfterAll
    static void stop() {
        if (hosts != null) hosts.close();
    }

    @BeforeEach
    void write() {
        hosts.awaitWhole();
        writers = new Writers(hosts);
        writers.awaitMore(50);
    }

    @AfterEach
    void close() {
        if (writers != null) writers.close();
    }

    private static int another(int host) {
        return host % 3 + 1;
    }

    @Test
    void host_thatDies_isSucceeded_losesNothing_andComesBackAsAReplica() {
        int dead = hosts.primary();
        long term = hosts.term();
        hosts.kill(dead);
        hosts.await("another primary", () -> hosts.primary() != 0 && hosts.term() > term);
        writers.awaitMore(50);
        assertThat(hosts.primary()).isNotEqualTo(dead);
        Incident incident = incident(hosts.term());
        assertThat(incident.state()).isEqualTo(Incident.State.CLOSED);
        assertThat(incident.entries())
                .extracting(entry -> entry.what().code())
                .contains("key-gone", "pledged", "elected", "serving", "confirmed", "loss");
        assertThat(incident.subject()).hasToString("db/" + dead);
        hosts.restart(dead);
        hosts.awaitWhole();
        writers.awaitMore(50);
        assertThat(writers.lost()).isEmpty();
        assertThat(writers.longestGap())
                .isLessThan(Duration.ofSeconds(20)); // a bound for any machine; bench/postgres measures
    }

    @Test
    void server_thatIsKilled_isRestartedWhereItIs() {
        int primary = hosts.primary();
        long term = hosts.term();
        long postmaster = hosts.server(primary);
        ProcessSignal.KILL.sendTo(postmaster);
        hosts.await("another postmaster", () -> hosts.server(primary) != 0 && hosts.server(primary) != postmaster);
        writers.awaitMore(50);
        assertThat(hosts.primary()).isEqualTo(primary);
        assertThat(hosts.term()).isEqualTo(term);
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void agent_thatIsKilledAlone_takesItsServerWithItBeforeAnotherOneServes() {
        int orphan = hosts.primary();
        long postmaster = hosts.server(orphan);
        long term = hosts.term();
        hosts.agentOf(orphan).kill9();
        hosts.agentOf(orphan).awaitEnd(Duration.ofSeconds(10));
        hosts.await("another holds the key", () -> hosts.term() > term);
        assertThat(hosts.server(orphan)).isNotEqualTo(postmaster);
        hosts.await("another primary", () -> hosts.primary() != 0);
        writers.awaitMore(50);
        hosts.restart(orphan);
        hosts.awaitWhole();
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void agent_thatComesBackInTime_goesOnWithItsServer() {
        int primary = hosts.primary();
        long postmaster = hosts.server(primary);
        hosts.agentOf(primary).kill9();
        hosts.agentOf(primary).awaitEnd(Duration.ofSeconds(10));
        hosts.restart(primary);
        hosts.awaitWhole();
        writers.awaitMore(50);
        boolean inTime = hosts.server(primary) == postmaster; // else the machine was too slow, and it was succeeded
        if (inTime) assertThat(hosts.primary()).isEqualTo(primary);
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void host_thatIsFrozenAndWakes_acknowledgesNothingThatIsLost() {
        int frozen = hosts.primary();
        long term = hosts.term();
        hosts.all(frozen, ProcessSignal.STOP);
        hosts.await("another primary", () -> hosts.primary() != 0 && hosts.term() > term);
        writers.awaitMore(50);
        hosts.all(frozen, ProcessSignal.CONTINUE);
        hosts.awaitWhole();
        writers.awaitMore(50);
        assertThat(hosts.primary()).isNotEqualTo(frozen);
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void storeThatIsAway_changesNothing_whileTheReplicasAgree() throws IOException, InterruptedException {
        int primary = hosts.primary();
        long postmaster = hosts.server(primary);
        hosts.store().signal(0, "STOP");
        long away = System.nanoTime() + Duration.ofSeconds(6).toNanos(); // three leases
        while (System.nanoTime() < away) writers.awaitMore(20);
        hosts.store().signal(0, "CONT");
        hosts.awaitWhole();
        writers.awaitMore(50);
        assertThat(hosts.primary()).isEqualTo(primary);
        assertThat(hosts.server(primary)).isEqualTo(postmaster);
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void switchover_toAHost_makesItThePrimary() {
        int former = hosts.primary();
        int next = another(former);
        assertThat(hosts.operator().ask(new Wish("w" + hosts.term(), "h" + next, 0)))
                .isInstanceOf(Outcome.Done.class);
        hosts.await("the other primary", () -> hosts.primary() == next);
        hosts.awaitWhole();
        writers.awaitMore(50);
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void switchover_toWhoIsNoReplica_isRefusedWithAReason() {
        int primary = hosts.primary();
        Wish wish = new Wish("r" + hosts.term(), "h" + primary, 0);
        assertThat(hosts.operator().ask(wish)).isInstanceOf(Outcome.Done.class);
        hosts.await(
                "an answer",
                () -> hosts.operator().answered(wish) instanceof Answer.Done<?>(var said)
                        && !said.equals(java.util.Optional.empty()));
        assertThat(hosts.operator().answered(wish).toString()).contains("h" + primary + " is the primary");
        assertThat(hosts.primary()).isEqualTo(primary);
    }

    @Test
    void commands_showTheCluster_andHandItOver() {
        int former = hosts.primary();
        int next = another(former);
        assertThat(hosts.command("list", "db").text())
                .containsPattern("h" + former + " .*primary +serving")
                .containsPattern("h" + next + " .*replica +streaming");
        assertThat(hosts.command("list", "nothing"))
                .isEqualTo(new ClusterHosts.Said(1, "Refused: There is no PostgreSQL cluster called nothing.\n"));
        ClusterHosts.Said done = hosts.command("switchover", "db", "--to", "h" + next);
        assertThat(done).isEqualTo(new ClusterHosts.Said(0, "h" + next + " is the primary.\n"));
        assertThat(hosts.command("switchover", "db", "--to", "h" + next).status())
                .isEqualTo(1);
        assertThat(hosts.command("failover", "db", "--force").text())
                .contains("is the primary; use `holdfast pg switchover`");
        assertThat(hosts.command("history", "db").text()).contains("TERM").contains("h" + next);
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void replica_thatIsMadeAnew_streamsAgain() throws IOException {
        int replica = another(hosts.primary());
        assertThat(hosts.operator()
                        .command(new holdfast.core.base.NodeId("h" + replica), new Task("t", Task.Kind.REINIT)))
                .isInstanceOf(Outcome.Done.class);
        hosts.await(
                "it begins",
                () -> hosts.cluster().members().stream()
                        .filter(member -> member.host().name().equals("h" + replica))
                        .noneMatch(Member::streaming));
        hosts.awaitWhole();
        assertThat(Files.readAllLines(hosts.copies()).getLast()).isEqualTo(hosts.data(replica) + ".new");
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void slots_areThePrimarys_oneForEachOther() {
        hosts.await("two slots in use", () -> slots(hosts.primary(), "active") == 2);
        int next = another(hosts.primary());
        assertThat(hosts.operator().ask(new Wish("s" + hosts.term(), "h" + next, 0)))
                .isInstanceOf(Outcome.Done.class);
        hosts.await("the other primary", () -> hosts.primary() == next);
        hosts.awaitWhole();
        hosts.await("slots of the new primary", () -> slots(next, "active") == 2);
        for (int host = 1; host <= 3; host++) {
            int replica = host;
            if (host != next) hosts.await("no slots left on h" + host, () -> slots(replica, "true") == 0);
        }
    }

    private static int slots(int host, String which) {
        try (Connection connection = hosts.connect(host);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM pg_replication_slots WHERE " + which)) {
            row.next();
            return row.getInt(1);
        } catch (SQLException _) {
            return -1;
        }
    }

    /// Neither way to bring its data in line works: it is copied by PostgreSQL's own.
    @Test
    void formerPrimary_thatLostItsLog_isCopiedAnew() throws IOException {
        int former = hosts.primary();
        long term = hosts.term();
        hosts.kill(former);
        hosts.await("another primary", () -> hosts.primary() != 0 && hosts.term() > term);
        try (Stream<Path> files = Files.list(hosts.data(former).resolve("pg_wal"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) Files.delete(file);
        }
        Path mark = Files.writeString(hosts.data(former).resolve("not-copied"), "");
        Files.delete(hosts.copies());
        hosts.restart(former);
        hosts.awaitWhole();
        hosts.recordCopies();
        assertThat(mark).doesNotExist();
        writers.awaitMore(50);
        assertThat(writers.lost()).isEmpty();
    }

    /// A second history: what it writes in its last second reaches nobody.
    @Test
    void formerPrimary_thatWroteOnItsOwn_isRewound() throws SQLException, IOException {
        int former = hosts.primary();
        long term = hosts.term();
        hosts.stopSending(former);
        hosts.agentOf(former).freeze(); // the guard waits for the lease's end
        try (Connection connection = hosts.connect(former);
                Statement statement = connection.createStatement()) {
            statement.execute("SET synchronous_commit = local");
            statement.execute("CREATE TABLE alone AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 10000)");
        } catch (SQLException ended) {
            assertThat(ended.getSQLState()).isNotNull(); // by the guard, which may come first
        }
        hosts.await("another primary", () -> hosts.primary() != 0 && hosts.term() > term);
        Incident incident = incident(hosts.term());
        hosts.agentOf(former).thaw();
        hosts.awaitWhole();
        hosts.await(
                "what it had alone",
                () -> incident(hosts.term()).entries().size()
                        > incident.entries().size());
        assertThat(incident(hosts.term()).entries())
                .last()
                .extracting(entry -> entry.what().sentence())
                .asString()
                .matches("h" + former
                        + " is back: \\d{4,} bytes of its log are nowhere else, and were taken back; no commit .*");
        writers.awaitMore(50);
        assertThat(writers.lost()).isEmpty();
    }

    private static Incident incident(long term) {
        String id = "postgres-db-%010d".formatted(term);
        LedgerStore ledger = new LedgerStore(hosts.etcd());
        hosts.await(
                "incident " + id,
                () -> ledger.read() instanceof Answer.Done<Seen>(Seen seen)
                        && seen.incidents().stream()
                                .anyMatch(incident -> incident.id().equals(id)));
        List<Incident> all = ledger.read() instanceof Answer.Done<Seen>(Seen seen) ? seen.incidents() : List.of();
        return all.stream()
                .filter(incident -> incident.id().equals(id))
                .findFirst()
                .orElseThrow();
    }
}

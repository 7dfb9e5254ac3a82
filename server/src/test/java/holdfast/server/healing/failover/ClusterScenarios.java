package holdfast.server.healing.failover;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.Incident;
import holdfast.core.healing.recover.failover.Member;
import holdfast.core.healing.recover.failover.Wish;
import holdfast.server.cli.Said;
import holdfast.server.client.Answer;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.ledger.LedgerStore;
import holdfast.server.ledger.Seen;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// What happens to a cluster with `durability: sync-1`, of any kind, when its parts are killed, frozen, left without
/// the store and handed over: nothing that a replica had acknowledged is lost, and it is whole again without a person.
/// Each test finds it whole and leaves it so.
///
/// @param <H> hosts of one kind
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class ClusterScenarios<H extends ClusterHosts> {
    protected H hosts;
    protected Writers writers;

    protected abstract H open(Path folder) throws IOException, InterruptedException;

    /// Writes what nobody else gets, on a primary whose agent is frozen; until it is ended.
    protected abstract void writeAlone(int host) throws IOException;

    @BeforeAll
    void start(@TempDir Path folder) throws IOException, InterruptedException {
        hosts = open(folder);
    }

    @AfterAll
    void stop() {
        if (hosts != null) hosts.close();
    }

    @BeforeEach
    void write() {
        hosts.awaitWhole();
        writers = new Writers(hosts);
        writers.awaitMore();
    }

    @AfterEach
    void close() {
        if (writers != null) writers.close();
    }

    protected static int another(int host) {
        return host % 3 + 1;
    }

    protected final void awaitAnother(int former, long term) {
        hosts.await("another primary", () -> {
            int now = hosts.primary();
            return now != 0 && now != former && hosts.term() > term;
        });
    }

    /// Waits until it is whole, and has lost nothing.
    protected final void awaitUnharmed() {
        hosts.awaitWhole();
        writers.awaitMore();
        assertThat(writers.lost()).isEmpty();
    }

    /// Asks for a switchover.
    ///
    /// @return who is the primary now
    protected final int switchOver() {
        int next = another(hosts.primary());
        assertThat(hosts.operator().ask(new Wish("w" + hosts.term(), "h" + next, 0)))
                .isInstanceOf(Outcome.Done.class);
        hosts.await("the other primary", () -> hosts.primary() == next);
        return next;
    }

    protected final Incident incident(long term) {
        String id = "%s-%s-%010d".formatted(hosts.kind().folder(), hosts.service(), term);
        hosts.await("incident " + id, () -> find(id).isPresent());
        return find(id).orElseThrow();
    }

    private Optional<Incident> find(String id) {
        List<Incident> all = new LedgerStore(hosts.etcd()).read() instanceof Answer.Done<Seen>(Seen seen)
                ? seen.incidents()
                : List.of();
        return all.stream().filter(incident -> incident.id().equals(id)).findFirst();
    }

    @Test
    void host_thatDies_isSucceeded_losesNothing_andComesBackAsAReplica() {
        int dead = hosts.primary();
        long term = hosts.term();
        hosts.kill(dead);
        awaitAnother(dead, term);
        writers.awaitMore();
        Incident incident = incident(hosts.term());
        assertThat(incident.state()).isEqualTo(Incident.State.CLOSED);
        assertThat(incident.entries())
                .extracting(entry -> entry.what().code())
                .contains("key-gone", "pledged", "elected", "serving", "confirmed", "loss");
        assertThat(incident.subject()).hasToString(hosts.service() + "/" + dead);
        hosts.restart(dead);
        awaitUnharmed();
        assertThat(hosts.primary()).isNotEqualTo(dead);
        assertThat(writers.longestGap()).isLessThan(Duration.ofSeconds(20)); // a bound for any machine; bench measures
    }

    @Test
    void agent_thatIsKilledAlone_takesItsServerWithItBeforeAnotherOneServes() {
        int orphan = hosts.primary();
        long server = hosts.server(orphan);
        long term = hosts.term();
        hosts.agentOf(orphan).kill9();
        hosts.agentOf(orphan).awaitEnd(Duration.ofSeconds(10));
        hosts.await("another holds the key", () -> hosts.term() > term);
        assertThat(hosts.server(orphan)).isNotEqualTo(server);
        awaitAnother(orphan, term);
        writers.awaitMore();
        hosts.restart(orphan);
        awaitUnharmed();
    }

    @Test
    void agent_thatComesBackInTime_goesOnWithItsServer() {
        int primary = hosts.primary();
        long server = hosts.server(primary);
        hosts.agentOf(primary).kill9();
        hosts.agentOf(primary).awaitEnd(Duration.ofSeconds(10));
        hosts.restart(primary);
        awaitUnharmed();
        boolean inTime = hosts.server(primary) == server; // else the machine was too slow, and it was succeeded
        if (inTime) assertThat(hosts.primary()).isEqualTo(primary);
    }

    @Test
    void host_thatIsFrozenAndWakes_acknowledgesNothingThatIsLost() {
        int frozen = hosts.primary();
        long term = hosts.term();
        hosts.all(frozen, ProcessSignal.STOP);
        awaitAnother(frozen, term);
        writers.awaitMore();
        hosts.all(frozen, ProcessSignal.CONTINUE);
        awaitUnharmed();
        assertThat(hosts.primary()).isNotEqualTo(frozen);
    }

    @Test
    void storeThatIsAway_changesNothing_whileTheReplicasAgree() throws IOException, InterruptedException {
        int primary = hosts.primary();
        long server = hosts.server(primary);
        hosts.store().signal(0, "STOP");
        long away = System.nanoTime() + Duration.ofSeconds(5).toNanos(); // more than two leases
        while (System.nanoTime() < away) writers.awaitMore();
        hosts.store().signal(0, "CONT");
        awaitUnharmed();
        assertThat(hosts.primary()).isEqualTo(primary);
        assertThat(hosts.server(primary)).isEqualTo(server);
    }

    @Test
    void switchover_toWhoIsNoReplica_isRefusedWithAReason() {
        int primary = hosts.primary();
        Wish wish = new Wish("r" + hosts.term(), "h" + primary, 0);
        assertThat(hosts.operator().ask(wish)).isInstanceOf(Outcome.Done.class);
        hosts.await(
                "an answer",
                () -> hosts.operator().answered(wish) instanceof Answer.Done<Optional<Reason>>(var said)
                        && said.isPresent());
        assertThat(hosts.operator().answered(wish).toString()).contains("h" + primary + " is the primary");
        assertThat(hosts.primary()).isEqualTo(primary);
    }

    @Test
    void commands_showTheCluster_andHandItOver() {
        int former = hosts.primary();
        int next = another(former);
        assertThat(hosts.command("list", hosts.service()).text())
                .containsPattern("h" + former + " .*primary +serving")
                .containsPattern("h" + next + " .*replica +streaming");
        assertThat(hosts.command("list", "nothing"))
                .isEqualTo(new Said(1, "Refused: There is no " + hosts.kind().title() + " cluster called nothing.\n"));
        Said done = hosts.command("switchover", hosts.service(), "--to", "h" + next);
        assertThat(done).isEqualTo(new Said(0, "h" + next + " is the primary.\n"));
        assertThat(hosts.command("switchover", hosts.service(), "--to", "h" + next)
                        .status())
                .isEqualTo(1);
        assertThat(hosts.command("failover", hosts.service(), "--force").text())
                .contains("is the primary; use `holdfast " + hosts.kind().command() + " switchover`");
        assertThat(hosts.command("history", hosts.service()).text())
                .contains("TERM")
                .contains("h" + next);
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void replica_thatIsMadeAnew_receivesAgain() throws IOException {
        int host = another(hosts.primary());
        NodeId replica = new NodeId("h" + host);
        assertThat(hosts.operator().command(replica, new Task("t", Task.Kind.REINIT)))
                .isInstanceOf(Outcome.Done.class);
        hosts.await(
                "it begins",
                () -> hosts.cluster().members().stream()
                        .filter(member -> member.host().equals(replica))
                        .noneMatch(Member::streaming));
        hosts.awaitWhole();
        assertThat(writers.lost()).isEmpty();
        madeAnew(host);
    }

    /// A replica's data was copied; more can be said of that for some kinds.
    protected void madeAnew(int host) throws IOException {}

    /// A second history: what it writes in its last second reaches nobody.
    @Test
    void formerPrimary_thatWroteOnItsOwn_getsTheOthersHistory() throws IOException {
        int former = hosts.primary();
        long term = hosts.term();
        hosts.agentOf(former).freeze(); // the guard waits for the lease's end
        writeAlone(former);
        awaitAnother(former, term);
        Incident incident = incident(hosts.term());
        hosts.agentOf(former).thaw();
        hosts.awaitWhole();
        cameBack(former, incident);
        awaitUnharmed();
    }

    /// A former primary that had written alone is a replica; more can be said of that for some kinds.
    ///
    /// @param before the takeover as it was told before
    protected void cameBack(int former, Incident before) {}
}

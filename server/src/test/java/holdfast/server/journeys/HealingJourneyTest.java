package holdfast.server.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.healing.Incident;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.isolate.Action;
import holdfast.core.healing.isolate.Step;
import holdfast.server.client.Txn;
import holdfast.server.client.Watch;
import holdfast.server.healing.act.ProcessFacts;
import holdfast.server.ledger.Keys;
import holdfast.server.ledger.LedgerJson;
import holdfast.server.ledger.Seen;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Two hosts, two instances, over our own three servers and over a real etcd with two loops: what happens is
/// real.
final class HealingJourneyTest {
    private static final Part.Instance WEB_1 = new Part.Instance("web", 1);
    private static final Part.Instance WEB_2 = new Part.Instance("web", 2);

    @TempDir
    Path folder;

    private Town town;

    /// @param leaseTtl of both hosts
    private void build(Town.Store store, String leaseTtl) throws Exception {
        town = Town.over(store, folder);
        town.awaitLeader();
        town.agent(1, leaseTtl);
        town.agent(2, leaseTtl);
        Town.awaitTrue("two hosts", () -> town.seen().ledger().hosts().size() == 2);
        town.apply(Town.fleet(2, 2));
        town.awaitEndpoints(2);
    }

    @AfterEach
    void tearDown() throws Exception {
        if (town != null) town.close();
    }

    @ParameterizedTest
    @EnumSource
    void instanceKilled_isRestartedVerifiedAndWrittenUp(Town.Store store) throws Exception {
        build(store, "2s");
        long pid = town.pid(WEB_1).orElseThrow();
        Town.signal(pid, "KILL");
        Incident incident = town.awaitClosed(WEB_1);
        assertThat(incident.diagnosis().mode()).isEqualTo(Mode.EXITED);
        assertThat(town.pid(WEB_1)).hasValueSatisfying(now -> assertThat(now).isNotEqualTo(pid));
        assertThat(town.endpoints()).hasSize(2);
        Incident.Times times = incident.times();
        assertThat(times.verified()).isGreaterThanOrEqualTo(times.recovered());
    }

    @ParameterizedTest
    @EnumSource
    void instanceFrozen_isDiagnosedAsFrozen_andHealed(Town.Store store) throws Exception {
        build(store, "2s");
        long pid = town.pid(WEB_1).orElseThrow();
        Town.signal(pid, "STOP");
        Incident incident = town.awaitClosed(WEB_1);
        assertThat(incident.diagnosis().mode()).isEqualTo(Mode.FROZEN);
        assertThat(town.pid(WEB_1)).hasValueSatisfying(now -> assertThat(now).isNotEqualTo(pid));
        assertThat(town.endpoints()).hasSize(2);
    }

    @ParameterizedTest
    @EnumSource
    void agentKilledAndStartedAgain_disturbsNothing(Town.Store store) throws Exception {
        build(store, "20s"); // a Java process needs seconds to start on a busy machine
        List<Optional<Long>> before = List.of(town.pid(WEB_1), town.pid(WEB_2));
        Seen seen = town.seen();
        List<String> lost = new CopyOnWriteArrayList<>();
        try (Watch _ = Watch.open(
                town.etcd,
                "test",
                Keys.below(Keys.ENDPOINTS),
                seen.revision() + 1,
                news -> lost.add(news.toString()))) {
            String host = town.hostOf(WEB_1).name();
            int number = Integer.parseInt(host.substring(1));
            town.agents.get(host).destroyForcibly().waitFor();
            town.agent(number, "20s");
            Town.awaitTrue("the new agent is registered", () -> town.log(host).contains("(incarnation 2"));
            Town.awaitTrue("it is attached", () -> town.log(host).split("Attached to the loop").length == 3);
            Town.awaitTrue(
                    "both hosts are there", () -> town.seen().ledger().hosts().size() == 2);
        }
        assertThat(List.of(town.pid(WEB_1), town.pid(WEB_2))).isEqualTo(before);
        assertThat(lost).isEmpty();
        // An agent that is away for long is worth an incident; its instances are not touched for it.
        assertThat(town.seen().incidents()).noneMatch(one -> one.subject() instanceof Part.Instance);
        assertThat(town.begunActions("h1").size() + town.begunActions("h2").size())
                .isEqualTo(2);
    }

    @ParameterizedTest
    @EnumSource
    void hostLost_isMovedElsewhere(Town.Store store) throws Exception {
        build(store, "2s");
        String host = town.hostOf(WEB_1).name();
        List<Long> pids = town.pidsOn(host);
        town.agents.get(host).destroyForcibly();
        for (long pid : pids) Town.signal(pid, "KILL");
        Town.awaitTrue(
                "web/1 runs elsewhere",
                () -> !town.hostOf(WEB_1).name().equals(host) && town.pid(WEB_1).isPresent());
        town.awaitEndpoints(2);
        Incident incident = town.awaitClosed(new Part.Host(new NodeId(host)));
        assertThat(incident.diagnosis().mode()).isIn(Mode.HOST_DOWN, Mode.CUT_OFF);
    }

    @ParameterizedTest
    @EnumSource
    void hostFrozen_wakesAfterItsInstanceWasMoved_andCanDoNothing(Town.Store store) throws Exception {
        build(store, "2s");
        String host = town.hostOf(WEB_1).name();
        long pid = town.pid(WEB_1).orElseThrow();
        long agent = town.agents.get(host).pid();
        String target = town.seen().ledger().assignments().getFirst().target();
        Town.signal(agent, "STOP");
        for (long one : town.pidsOn(host)) Town.signal(one, "STOP");
        Town.awaitTrue(
                "web/1 runs elsewhere",
                () -> !town.hostOf(WEB_1).name().equals(host) && town.pid(WEB_1).isPresent());
        town.awaitEndpoints(2);
        Town.signal(agent, "CONT"); // its instance stays stopped: only the agent could wake it
        Town.awaitTrue("the agent gives its old instance up", () -> !ProcessFacts.lives(pid, startTicks(pid)));
        assertThat(town.log(host)).contains("Instances are frozen").contains("is no longer ours: killed");
        assertThat(Town.pidAt(target)).isEmpty();
        refusesAnOldLeadersOrder(host);
    }

    private static long startTicks(long pid) {
        return ProcessFacts.of(pid).map(ProcessFacts::startTicks).orElse(-1L);
    }

    /// A leader that was deposed while it was frozen cannot write at all; this order comes past that guard.
    private void refusesAnOldLeadersOrder(String host) {
        Town.awaitTrue("the host is back", () -> town.log(host).split("Registered " + host).length == 3);
        long epoch = town.seen().leaderEpoch();
        NodeId node = new NodeId(host);
        Action old = new Action("old-1", new Step.Stop(WEB_1, false, 0), node, new Fence(epoch - 1), "");
        assertThat(town.etcd.write(new Txn().put(Keys.order(node, old.id()), LedgerJson.write(old)), "it is free"))
                .isInstanceOf(Outcome.Done.class);
        Outcome outcome = Town.await(
                "the outcome",
                () -> Optional.ofNullable(town.seen().ledger().outcomes().get("old-1")));
        assertThat(outcome).isInstanceOfSatisfying(Outcome.Refused.class, refused -> {
            assertThat(refused.why().code()).isEqualTo("old-fence");
            assertThat(refused.why().sentence()).contains("epoch " + (epoch - 1), "epoch " + epoch);
        });
        assertThat(town.log(host)).contains("Refused action old-1");
    }

    @ParameterizedTest
    @EnumSource
    void loopsLeaderKilledMidIncident_nextOneFinishesIt_andNoActionIsDoneTwice(Town.Store store) throws Exception {
        build(store, "2s");
        town.awaitCandidates(store == Town.Store.OWN ? 1 : 2); // beside our store only its leader stands
        long pid = town.pid(WEB_1).orElseThrow();
        Town.signal(pid, "KILL");
        Town.await(
                "an incident", () -> town.seen().ledger().incidents().stream().findFirst());
        String killed = town.killLeader();
        town.awaitClosed(WEB_1);
        town.awaitEndpoints(2);
        String next = town.seen().leader().orElseThrow().node();
        assertThat(next).isNotEqualTo(killed);
        assertThat(town.log(next))
                .contains(next + " leads the loop")
                .contains(killed + " led before and did not resign");
        for (String host : town.agents.keySet()) {
            List<String> begun = town.begunActions(host);
            assertThat(begun).as("actions begun on %s", host).doesNotHaveDuplicates();
        }
        assertThat(town.startsOf(WEB_1)).as("runs of web/1").hasSize(2).doesNotHaveDuplicates();
    }
}

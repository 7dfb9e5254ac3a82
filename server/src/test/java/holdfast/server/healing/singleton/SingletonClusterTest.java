package holdfast.server.healing.singleton;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.healing.Incident;
import holdfast.server.cli.Said;
import holdfast.server.healing.act.ProcessFacts;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.healing.singleton.SingletonHosts.Act;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What happens to singletons when processes, agents and whole hosts are killed, frozen and cut off: another one takes
/// over with a larger fence, and nobody acts after a larger fence than his. Each test finds three hosts and leaves
/// three.
final class SingletonClusterTest {
    private static final List<String> SERVICES = List.of("cold", "warm");
    private static final int TRIES_MAX = 5;
    private static final Duration LIMIT = Duration.ofSeconds(30);
    /// Within which what was frozen and wakes is killed, on any machine. Only a fence helps against that.
    private static final double WAKE_SECONDS = 2;

    @TempDir
    private static Path folder;

    private static SingletonHosts hosts;

    /// Who slept, and when he woke.
    private record Woken(String host, double atSeconds) {}

    private static final List<Woken> WOKEN = new ArrayList<>();

    /// Fences of those whom nothing could end in time, since agent and guard were killed.
    private static final List<Long> ORPHANS = new ArrayList<>();

    @BeforeAll
    static void start() throws IOException {
        hosts = new SingletonHosts(folder);
    }

    @AfterAll
    static void stop() {
        if (hosts != null) hosts.close();
    }

    @BeforeEach
    void whole() {
        hosts.awaitWhole();
    }

    @AfterEach
    void nobodyActsAfterALargerFence() {
        for (String service : SERVICES) {
            List<Act> acts = hosts.acts(service);
            long largest = 0;
            for (Act act : acts) {
                if (act.fence() < largest && !ORPHANS.contains(act.fence())) {
                    assertThat(WOKEN)
                            .as("%s acts after fence %d%n%s", act, largest, hosts.logs())
                            .anyMatch(woken -> woken.host().equals(act.host())
                                    && act.atSeconds() >= woken.atSeconds()
                                    && act.atSeconds() <= woken.atSeconds() + WAKE_SECONDS);
                }
                largest = Math.max(largest, act.fence());
            }
        }
    }

    /// Not as a zombie: its parent may stand still.
    private static boolean lives(Act act) {
        return ProcessFacts.of(act.pid())
                .filter(facts -> facts.state() != 'Z' && facts.state() != 'X')
                .isPresent();
    }

    @Test
    void process_thatIsKilled_isStartedAgainOnTheSpot_withTheSameFence() {
        for (String service : SERVICES) {
            boolean onTheSpot = false;
            for (int tries = 0; tries < TRIES_MAX && !onTheSpot; tries++) { // on a slow machine the lease may end
                Act before = hosts.awaitWell(service);
                ProcessSignal.KILL.sendTo(before.pid());
                hosts.await("another process", () -> hosts.last(service).pid() != before.pid());
                Act after = hosts.last(service);
                onTheSpot = after.fence() == before.fence() && after.host().equals(before.host());
            }
            assertThat(onTheSpot).as(service).isTrue();
        }
    }

    @Test
    void host_thatDies_isSucceeded_andTheIncidentSaysSo() {
        Act dead = hosts.last("cold");
        hosts.kill(dead.place());
        assertThat(hosts.awaitAfter("cold", dead.fence()).host()).isNotEqualTo(dead.host());
        hosts.await("an incident", () -> incidentOf(dead).isPresent());
        Incident incident = incidentOf(dead).orElseThrow();
        assertThat(incident.state()).isEqualTo(Incident.State.CLOSED);
        assertThat(incident.subject()).hasToString("cold/" + dead.place());
        assertThat(incident.entries())
                .extracting(entry -> entry.what().code())
                .containsExactly("key-gone", "process-over", "elected", "active");
        hosts.restart(dead.place());
    }

    /// Of the takeover from that one.
    private static Optional<Incident> incidentOf(Act gone) {
        return hosts.incidents().stream()
                .filter(one -> one.entries().getFirst().what().sentence().contains("(fence " + gone.fence() + ")"))
                .findFirst();
    }

    @Test
    void agent_thatIsKilledAlone_takesItsProcessWithIt() {
        Act before = hosts.last("warm");
        hosts.agentOf(before.place()).kill9();
        hosts.await("the end of its process", () -> !lives(before));
        assertThat(hosts.awaitAfter("warm", before.fence()).host()).isNotEqualTo(before.host());
        hosts.restart(before.place());
    }

    @Test
    void process_thatAgentAndGuardLeft_isKilledByTheNextAgent() {
        Act before = hosts.awaitActing("cold");
        hosts.killBut(before.place(), before.pid());
        hosts.restart(before.place());
        hosts.await("the end of what was left", () -> !lives(before));
        ORPHANS.add(before.fence());
        hosts.awaitAfter("cold", before.fence());
    }

    @Test
    void agent_thatStandsStillAlone_isNoDanger() {
        Act before = hosts.last("warm");
        hosts.agentOf(before.place()).freeze();
        Act next = hosts.awaitAfter("warm", before.fence());
        assertThat(lives(before)).isFalse();
        hosts.agentOf(before.place()).thaw();
        assertThat(next.host()).isNotEqualTo(before.host());
    }

    @Test
    void host_thatIsFrozenAndWakes_actsNoMore() {
        Act cold = hosts.last("cold");
        List<Long> frozen = hosts.all(cold.place(), ProcessSignal.STOP);
        hosts.awaitAfter("cold", cold.fence());
        WOKEN.add(new Woken(cold.host(), System.currentTimeMillis() / 1_000.0));
        frozen.reversed().forEach(ProcessSignal.CONTINUE::sendTo); // its agent last
        hosts.await("the end of its process", () -> !lives(cold));
    }

    @Test
    void host_thatIsCutOff_endsItsProcess_beforeAnotherActs() {
        Act warm = hosts.last("warm");
        hosts.cableOf(warm.place()).cut();
        Act next = hosts.awaitAfter("warm", warm.fence());
        assertThat(next.host()).isNotEqualTo(warm.host());
        assertThat(lives(warm)).isFalse();
        hosts.cableOf(warm.place()).mend();
    }

    @Test
    void agent_thatIsToldToEnd_handsOver_withoutAnIncident() {
        Act cold = hosts.last("cold");
        hosts.agentOf(cold.place()).terminate();
        assertThat(hosts.agentOf(cold.place()).awaitEnd(LIMIT)).isZero();
        assertThat(hosts.awaitAfter("cold", cold.fence()).host()).isNotEqualTo(cold.host());
        hosts.restart(cold.place());
        hosts.awaitWhole();
        assertThat(incidentOf(cold)).isEmpty();
    }

    @Test
    void activeOne_thatIsAskedToRelease_isSucceeded() {
        Act before = hosts.last("warm");
        Said said = hosts.singleton("release", "warm");
        assertThat(said.status()).as(said.text()).isZero();
        assertThat(said.text()).matches("h[123] is active.\n");
        assertThat(hosts.awaitAfter("warm", before.fence()).fence()).isGreaterThan(before.fence());
        assertThat(hosts.singleton("list", "warm").text())
                .contains("SERVICE", "warm", "active", "stands by")
                .doesNotContain("cold");
    }

    @Test
    void standbys_ofAWarmOne_areProcessesThatWait() {
        hosts.await("one process on each host, of which one acts", () -> {
            List<Long> pids = new ArrayList<>();
            for (int host = 1; host <= 3; host++) {
                ProcessHandle.of(hosts.agentOf(host).pid())
                        .orElseThrow()
                        .children()
                        .filter(child -> child.info().commandLine().orElse("").contains("/act warm "))
                        .forEach(child -> pids.add(child.pid()));
            }
            return pids.size() == 3 && pids.contains(hosts.last("warm").pid());
        });
    }
}

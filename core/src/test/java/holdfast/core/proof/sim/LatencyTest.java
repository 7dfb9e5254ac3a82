package holdfast.core.proof.sim;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.healing.Incident;
import holdfast.core.healing.detect.Mode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// One fault in a calm world, many seeds: how fast it is seen, and whether it is called by its name. Heartbeats
/// every 250 ms, checks every 500 ms with a timeout of 400 ms and 3 failures.
final class LatencyTest {
    private static final int SEEDS = 12;

    @ParameterizedTest
    @CsvSource({
        "KILL_INSTANCE,EXITED,150",
        "FREEZE_INSTANCE,FROZEN,2000",
        "FAIL_INSTANCE,FAILING,2000",
        "KILL_HOST,HOST_DOWN,1000",
        "POWER_OFF,CUT_OFF,3000",
        "FREEZE_HOST,CUT_OFF,3000",
        "CUT_HOST,CUT_OFF,3000",
        "CUT_ONE_WAY,ONE_WAY,4000",
        "KILL_AGENT,AGENT_DOWN,3000",
        "KILL_LEADER,LEADER_LOST,3000",
        "BAD_DEPLOY,NEVER_HEALTHY,12000"
    })
    void fault_isSeenInTime_andCalledByItsName(Scenario.FaultKind kind, Mode expected, long mostMillis) {
        List<Long> detected = new ArrayList<>();
        for (long seed = 1; seed <= SEEDS; seed++) {
            World world = World.of(seed, new Scenario("one fault", 3, 1, 0, List.of(kind)))
                    .run();
            assertThat(world.violations()).as(world.replay()).isEmpty();
            long hurtMillis = world.hurts().getFirst().atMillis();
            Optional<Incident> incident = world.incidents().stream()
                    .filter(candidate -> candidate.times().detected() >= hurtMillis)
                    .findFirst();
            // The worker has no checks, so that nobody can see it frozen or failing; a short freeze hurts nobody.
            if (incident.isEmpty()) continue;
            assertThat(incident.get().diagnosis().mode()).as(world.replay()).isEqualTo(expected);
            detected.add(incident.get().times().detected() - hurtMillis);
        }
        assertThat(detected).hasSizeGreaterThan(SEEDS / 2);
        Collections.sort(detected);
        System.out.printf(
                "simulation: %s detected after %d ms (median), %d ms (worst of %d)%n",
                kind, detected.get(detected.size() / 2), detected.getLast(), detected.size());
        assertThat(detected.getLast()).isLessThanOrEqualTo(mostMillis);
    }
}

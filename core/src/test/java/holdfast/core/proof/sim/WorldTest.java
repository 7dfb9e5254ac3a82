package holdfast.core.proof.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Real loops, keyspace, leases, watches and gates in simulated worlds. `-Dholdfast.seeds=N` for more seeds,
/// `-Dholdfast.seed=S -Dholdfast.scenario=NAME` to see one again.
final class WorldTest {
    private static final int SEEDS = Integer.getInteger("holdfast.seeds", 1_000);
    private static final int SEEDS_PER_BUG = 60;

    @Test
    void everyInvariant_overManySeeds_holds() {
        Long one = Long.getLong("holdfast.seed");
        if (one != null) {
            World world = World.of(one, named()).run();
            world.story().forEach(System.out::println);
            assertThat(world.violations()).as(world.replay()).isEmpty();
            return;
        }
        List<String> found = new ArrayList<>();
        long simulatedMillis = 0;
        long beganNanos = System.nanoTime();
        for (long seed = 1; seed <= SEEDS; seed++) {
            Scenario scenario = Scenario.all().get((int) (seed % Scenario.all().size()));
            World world = World.of(seed, scenario).run();
            simulatedMillis += world.simulatedMillis();
            if (!world.violations().isEmpty()) found.add(world.replay() + "\n  " + world.violations());
        }
        double seconds = (System.nanoTime() - beganNanos) / 1e9;
        System.out.printf(
                "simulation: %d seeds, %.0f simulated seconds in %.1f s: %.0f simulated seconds per second%n",
                SEEDS, simulatedMillis / 1e3, seconds, simulatedMillis / 1e3 / seconds);
        assertThat(found).isEmpty();
    }

    private static Scenario named() {
        String name = System.getProperty("holdfast.scenario", "everything");
        return Scenario.all().stream()
                .filter(scenario -> scenario.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void plantedBug_breaksItsInvariant_andIsFound(Bug bug) {
        for (long seed = 1; seed <= SEEDS_PER_BUG; seed++) {
            for (Scenario scenario : Scenario.all()) {
                boolean found = World.of(seed, scenario, bug).run().violations().stream()
                        .anyMatch(violation -> violation.invariant() == bug.breaks());
                if (found) return;
            }
        }
        assertThat(bug).as("a planted bug that no seed found").isNull();
    }

    @Test
    void world_ofOneSeed_isTheSameTwice() {
        World one = World.of(7, Scenario.EVERYTHING).run();
        World other = World.of(7, Scenario.EVERYTHING).run();
        assertThat(one.story()).isNotEmpty().isEqualTo(other.story());
    }
}

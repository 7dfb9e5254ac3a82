package holdfast.core.healing.recover.singleton;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A singleton is never active on two hosts, acts with growing fences, and is active again once nothing hurts it.
/// `-Dholdfast.seeds=N` for more seeds.
final class SingletonWorldTest {
    private static final int SEEDS = Integer.getInteger("holdfast.seeds", 100);
    private static final int SEEDS_PER_BUG = 30;

    @Test
    void hosts_neverActAtOnce_andOneActsInTheEnd() {
        List<String> found = new ArrayList<>();
        long rights = 0;
        long confirmed = 0;
        long restarts = 0;
        long released = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            SingletonWorld world = new SingletonWorld(seed, SingletonWorld.Bug.NONE).run();
            rights += world.rights;
            confirmed += world.confirmed;
            restarts += world.restarts;
            released += world.released;
            if (!world.violations.isEmpty()) found.add("seed " + seed + ": " + world.violations.getFirst());
        }
        System.out.printf(
                "singleton: %d seeds, %d rights, %d confirmed, %d restarts, %d released%n",
                SEEDS, rights, confirmed, restarts, released);
        assertThat(found).isEmpty();
        assertThat(confirmed).as("confirmed").isGreaterThan(5L * SEEDS);
        assertThat(released).as("released").isGreaterThan(SEEDS);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void plantedBug_isFound(SingletonWorld.Bug bug) {
        for (long seed = 1; seed <= SEEDS_PER_BUG; seed++) {
            if (!new SingletonWorld(seed, bug).run().violations.isEmpty()) return;
        }
        assertThat(bug).as("a planted bug that no seed found").isNull();
    }
}

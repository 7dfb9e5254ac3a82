package holdfast.core.redundancy.lock;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Two commands never act at once under one lock, whatever happens to wrappers, hosts and the net, as long as a
/// guard runs where the command does. `-Dholdfast.seeds=N` for more seeds.
final class LockWorldTest {
    private static final int SEEDS = Integer.getInteger("holdfast.seeds", 1_000);
    private static final int SEEDS_PER_BUG = 100;

    @Test
    void twoCommands_neverActAtOnce() {
        List<String> found = new ArrayList<>();
        long holds = 0;
        long lost = 0;
        long faults = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            LockWorld world = new LockWorld(seed, LockWorld.Bug.NONE).run();
            holds += world.holds;
            lost += world.lost;
            faults += world.faults;
            if (!world.violations.isEmpty()) found.add("seed " + seed + ": " + world.violations);
        }
        System.out.printf("lock: %d seeds, %d holds, %d lost, %d faults%n", SEEDS, holds, lost, faults);
        assertThat(found).isEmpty();
        assertThat(holds).as("holds").isGreaterThan(20L * SEEDS);
        assertThat(lost).as("locks lost").isGreaterThan(SEEDS);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void plantedBug_isFound(LockWorld.Bug bug) {
        for (long seed = 1; seed <= SEEDS_PER_BUG; seed++) {
            if (!new LockWorld(seed, bug).run().violations.isEmpty()) return;
        }
        assertThat(bug).as("a planted bug that no seed found").isNull();
    }
}

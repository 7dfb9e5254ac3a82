package holdfast.core.healing.recover.failover;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.recover.failover.FailoverWorld.Bug;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// No acknowledged commit is lost and no two servers acknowledge different histories, whatever happens to hosts,
/// agents, servers, links and the store; and when nothing more happens, there is one primary and all follow it.
/// `-Dholdfast.seeds=N` for more seeds, `-Dholdfast.seed=S` for one with its trace.
final class FailoverWorldTest {
    private static final int SEEDS = Integer.getInteger("holdfast.seeds", 1_200);
    private static final int STORE_SEEDS = SEEDS / 5;
    private static final int FREEZE_SEEDS = SEEDS / 2;
    private static final int SEEDS_PER_BUG = 1_000;
    private static final int FOUND_MAX = 5;
    private static final int TRACE_MAX = 400;

    @ParameterizedTest
    @EnumSource
    void cluster_keepsEachCommitAndHeals_whateverHappens(ClusterSpec.Kind kind) {
        Long only = Long.getLong("holdfast.seed");
        List<String> found = new ArrayList<>();
        long commits = 0;
        long failovers = 0;
        long faults = 0;
        long calmMillis = 0;
        long first = only == null ? 1 : only;
        for (long seed = first; seed < first + (only == null ? SEEDS : 1) && found.size() < FOUND_MAX; seed++) {
            FailoverWorld world = new FailoverWorld(kind, seed, Bug.NONE, only != null).run();
            commits += world.commits;
            failovers += world.failovers;
            faults += world.faults;
            calmMillis = Math.max(calmMillis, world.calmMillis);
            found.addAll(world.violations);
            if (only != null) print(world);
        }
        System.out.printf(
                "%s: %d seeds, %d commits, %d failovers, %d faults; healed within %d ms%n",
                kind, SEEDS, commits, failovers, faults, calmMillis);
        if (!found.isEmpty() && only == null) print(replay(kind, found.getFirst()));
        assertThat(found).isEmpty();
        if (only != null) return;
        assertThat(failovers).as("failovers").isGreaterThan(SEEDS / 2L);
        assertThat(commits).as("commits").isGreaterThan(50L * SEEDS);
    }

    private static FailoverWorld replay(ClusterSpec.Kind kind, String found) {
        long seed = Long.parseLong(found.substring("seed ".length(), found.indexOf(',')));
        return new FailoverWorld(kind, seed, Bug.NONE, true).run();
    }

    private static void print(FailoverWorld world) {
        int from = Math.max(0, world.told.size() - TRACE_MAX);
        System.out.println(String.join("\n", world.told.subList(from, world.told.size())));
    }

    @ParameterizedTest
    @EnumSource
    void primary_goesOn_whileOnlyTheStoreIsAway(ClusterSpec.Kind kind) {
        List<String> found = new ArrayList<>();
        for (long seed = 1; seed <= STORE_SEEDS && found.size() < FOUND_MAX; seed++) {
            FailoverWorld world = new FailoverWorld(kind, seed, Bug.NONE, false).loseStore();
            found.addAll(world.violations);
            if (!world.violations.isEmpty()) print(new FailoverWorld(kind, seed, Bug.NONE, true).loseStore());
        }
        assertThat(found).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void cluster_keepsEachCommit_whenPrimariesStandStillAboutAsLongAsTheLease(ClusterSpec.Kind kind) {
        List<String> found = new ArrayList<>();
        for (long seed = 1; seed <= FREEZE_SEEDS && found.size() < FOUND_MAX; seed++) {
            FailoverWorld world = new FailoverWorld(kind, seed, Bug.NONE, false).runFreezes();
            if (!world.violations.isEmpty()) print(new FailoverWorld(kind, seed, Bug.NONE, true).runFreezes());
            found.addAll(world.violations);
        }
        assertThat(found).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void plantedBug_isFound(Bug bug) {
        ClusterSpec.Kind kind = bug == Bug.FORGETFUL_COUNTS ? ClusterSpec.Kind.REDIS : ClusterSpec.Kind.POSTGRESQL;
        for (long seed = 1; seed <= SEEDS_PER_BUG; seed++) {
            FailoverWorld world = new FailoverWorld(kind, seed, bug, false);
            List<String> found = (bug == Bug.PLEDGE_RECEIVES ? world.runFreezes() : world.run()).violations;
            if (found.isEmpty() || found.getFirst().contains("not settled")) continue;
            System.out.println(bug + ": " + found);
            return;
        }
        assertThat(bug).as("a planted bug that no seed found").isNull();
    }
}

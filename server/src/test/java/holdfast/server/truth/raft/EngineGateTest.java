package holdfast.server.truth.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/// The gate: the engine is shipped only while this finds nothing. `-Dholdfast.seeds=10000` for all of it,
/// `-Dholdfast.seed=N` for one run again (`-Dholdfast.show-engine=true` shows what the engine says).
class EngineGateTest {
    private static final int SEEDS = 1_000;
    private static final int FAILURES_SHOWN = 5;

    @Test
    void randomAndGuidedFaults_breakNothing() {
        Long one = Long.getLong("holdfast.seed");
        int seeds = one == null ? Integer.getInteger("holdfast.seeds", SEEDS) : 1;
        long first = one == null ? 1 : one;
        List<String> failures = new ArrayList<>();
        long simulatedNanos = 0;
        long writes = 0;
        long reads = 0;
        long leaderships = 0;
        long startNanos = System.nanoTime();
        for (long seed = first; seed < first + seeds && failures.size() < FAILURES_SHOWN; seed++) {
            SimRun run = SimRun.of(seed, Guard.ALL);
            simulatedNanos += run.simulatedNanos();
            writes += run.writes();
            reads += run.reads();
            leaderships += run.leaderships();
            if (!run.violations().isEmpty())
                failures.add(run.replay() + ": " + run.violations().getFirst());
        }
        double wallSeconds = (System.nanoTime() - startNanos) / 1e9;
        double simulatedSeconds = simulatedNanos / 1e9;
        System.out.printf(
                Locale.ROOT,
                "Raft gate: %d seeds, %d violations, %.0f simulated seconds in %.1f s (%.0f a second); "
                        + "%d writes, %d reads, %d leaderships%n",
                seeds,
                failures.size(),
                simulatedSeconds,
                wallSeconds,
                simulatedSeconds / wallSeconds,
                writes,
                reads,
                leaderships);

        assertThat(failures).isEmpty();
        assertThat(writes).isGreaterThan(100L * seeds);
        assertThat(reads).isGreaterThan(100L * seeds);
    }

    @Test
    void sameSeed_givesTheSameRun() {
        SimRun once = SimRun.of(77, Guard.ALL);
        SimRun again = SimRun.of(77, Guard.ALL);

        assertThat(again).isEqualTo(once);
    }
}

package holdfast.core.proof;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.proof.FaultSchedule.Fault;
import holdfast.core.proof.FaultSchedule.Kind;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class FaultScheduleTest {
    @Test
    void schedule_ofASeed_isTheSameEachTime_andOverInTime() {
        Set<Kind> seen = EnumSet.noneOf(Kind.class);
        for (long seed = 0; seed < 1_000; seed++) {
            FaultSchedule schedule = FaultSchedule.of(seed, List.of(Kind.values()), 5_000);
            assertThat(FaultSchedule.of(seed, List.of(Kind.values()), 5_000)).isEqualTo(schedule);
            assertThat(schedule.faults()).hasSizeBetween(1, 3);
            for (Fault fault : schedule.faults()) {
                seen.add(fault.kind());
                assertThat(fault.fromMillis()).isPositive().isLessThan(fault.untilMillis());
                assertThat(fault.untilMillis()).isLessThanOrEqualTo(5_000);
            }
        }
        assertThat(seen).containsExactlyInAnyOrder(Kind.values());
        assertThat(Kind.of("kill-all")).contains(Kind.KILL_ALL);
        assertThat(Kind.of("nothing")).isEmpty();
    }
}

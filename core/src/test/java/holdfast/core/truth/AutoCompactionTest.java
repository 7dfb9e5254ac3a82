package holdfast.core.truth;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.truth.AutoCompaction.Retention;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AutoCompactionTest {
    private static final long MINUTE_NANOS = 60_000_000_000L;

    /// One revision a minute, a tick each half minute; what was asked for, with the minute.
    private static List<String> run(Retention retention, int minutes, boolean answers) {
        AutoCompaction compaction = new AutoCompaction(retention);
        List<String> asked = new ArrayList<>();
        for (long half = 0; half <= 2L * minutes; half++) {
            long now = half * MINUTE_NANOS / 2;
            long target = compaction.tick(now, 1_000 + half / 2, true);
            if (target == 0) continue;
            asked.add(half / 2 + ":" + target);
            if (answers) compaction.done(now, target);
        }
        return asked;
    }

    @Test
    void periodUnderAnHour_compactsEachPeriod_toTheRevisionOfOnePeriodAgo() {
        assertThat(run(new Retention(10 * MINUTE_NANOS, 0), 40, true))
                .containsExactly("10:1000", "20:1009", "30:1019", "40:1029"); // as etcd's: noted after the look
    }

    @Test
    void periodOfThreeHours_waitsThem_thenCompactsEachHour() {
        assertThat(run(new Retention(180 * MINUTE_NANOS, 0), 310, true))
                .containsExactly("180:1000", "240:1054", "300:1114");
    }

    @Test
    void compactionThatFailed_isAskedForAgainAfterATenth() {
        assertThat(run(new Retention(10 * MINUTE_NANOS, 0), 12, false))
                .containsExactly("10:1000", "11:1000", "12:1001");
    }

    @Test
    void revisions_areKept_lookedAtEachFiveMinutes() {
        assertThat(run(new Retention(0, 1_010), 20, true)).containsExactly("15:5", "20:10");
    }

    @Test
    void follower_takesNotesOnly_andGoesOnWithThemWhenElected() {
        AutoCompaction compaction = new AutoCompaction(new Retention(10 * MINUTE_NANOS, 0));
        for (long minute = 0; minute <= 25; minute++)
            assertThat(compaction.tick(minute * MINUTE_NANOS, 100 + minute, false))
                    .isZero();

        assertThat(compaction.tick(26 * MINUTE_NANOS, 126, true)).isEqualTo(115);
    }

    @Test
    void revisionThatStandsStill_isCompactedOnce() {
        AutoCompaction compaction = new AutoCompaction(new Retention(10 * MINUTE_NANOS, 0));
        int asked = 0;
        for (long minute = 0; minute <= 60; minute++) {
            long target = compaction.tick(minute * MINUTE_NANOS, 7, true);
            if (target == 0) continue;
            asked++;
            compaction.done(minute * MINUTE_NANOS, target);
        }
        assertThat(asked).isEqualTo(1);
    }
}

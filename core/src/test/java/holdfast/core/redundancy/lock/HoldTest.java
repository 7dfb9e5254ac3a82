package holdfast.core.redundancy.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.core.base.Reason;
import holdfast.core.base.Require;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The example of [Hold], and what its sentences promise. TTL 10 s, grace 3 s, times in milliseconds.
final class HoldTest {
    private static final HoldConfig CONFIG = HoldConfig.of(Duration.ofSeconds(10));
    private static final Reason CUT = new Reason("store-unreachable", "Cut.");

    private final Hold hold = new Hold(CONFIG, nanos(100_000), nanos(10_000));

    private static long nanos(long millis) {
        return millis * 1_000_000;
    }

    private List<Hold.Order> at(long millis, Hold.Input... inputs) {
        return hold.step(List.of(inputs), nanos(millis));
    }

    @Test
    void renewal_isAskedForEachSixthOfTheTtl_andMovesTheGuard() {
        assertThat(at(101_666)).isEmpty();
        assertThat(at(101_667)).containsExactly(new Hold.Order.Renew(nanos(10_000) / 6));
        assertThat(at(102_000)).as("one at a time").isEmpty();
        assertThat(at(102_100, new Hold.Input.Renewed(nanos(101_667), nanos(10_000))))
                .containsExactly(new Hold.Order.Arm(nanos(101_667 + 10_000 - 1_250) + nanos(1_250) / 4));
    }

    @Test
    void command_withoutRenewal_isToldToEndAGraceBeforeTheMargin_andKilledAtIt() {
        assertThat(hold.mayStart(nanos(105_749))).isTrue();
        assertThat(hold.mayStart(nanos(105_750))).isFalse();
        at(101_667);
        assertThat(at(103_000, new Hold.Input.NotRenewed(CUT))).isEmpty();
        at(103_417);
        assertThat(at(105_749)).isEmpty();
        assertThat(at(105_750)).contains(new Hold.Order.Terminate());
        assertThat(at(108_749)).isEmpty();
        assertThat(at(108_750)).contains(new Hold.Order.Kill());
        assertThat(at(108_770)).as("until nothing lives").contains(new Hold.Order.Kill());
        List<Hold.Order> last = at(108_800, new Hold.Input.Ended(137), new Hold.Input.Alone());
        assertThat(last.getFirst())
                .isInstanceOfSatisfying(
                        Hold.Order.Release.class,
                        released -> assertThat(released.lost()).isNotNull());
        assertThat(hold.over()).isTrue();
    }

    @Test
    void holder_thatWakesPastTheLease_killsAtOnce_andSaysThatItWasLost() {
        assertThat(at(120_000)).contains(new Hold.Order.Kill());
        assertThat(at(120_001, new Hold.Input.Ended(0), new Hold.Input.Alone()))
                .first()
                .isInstanceOfSatisfying(
                        Hold.Order.Release.class,
                        last -> assertThat(last.lost()).isNotNull());
    }

    @Test
    void endThatIsSeenPastTheLease_countsAsLost() {
        assertThat(at(120_000, new Hold.Input.Ended(137), new Hold.Input.Alone()))
                .first()
                .isInstanceOfSatisfying(
                        Hold.Order.Release.class,
                        last -> assertThat(last.lost()).isNotNull());
    }

    @Test
    void lateRenewal_givesTheGrace_butNotTheLock() {
        at(105_750);
        at(106_000, new Hold.Input.Renewed(nanos(105_900), nanos(10_000)));
        assertThat(at(108_749)).doesNotContain(new Hold.Order.Kill());
        assertThat(at(108_750)).contains(new Hold.Order.Kill());
    }

    @Test
    void leaseThatIsGone_isAKillWithoutGrace() {
        assertThat(at(100_500, new Hold.Input.Gone(CUT))).containsExactly(new Hold.Order.Kill());
        assertThat(at(101_667)).as("no renewal of what is gone").containsExactly(new Hold.Order.Kill());
    }

    @Test
    void commandThatEnds_releasesWithItsStatus_onceItsChildrenEndedToo() {
        assertThat(at(100_500, new Hold.Input.Ended(7))).containsExactly(new Hold.Order.Terminate());
        assertThat(at(103_500)).contains(new Hold.Order.Kill());
        assertThat(at(103_600, new Hold.Input.Alone())).containsExactly(new Hold.Order.Release(null, 7));
        assertThat(at(103_700)).isEmpty();
    }

    @Test
    void commandThatEndsAlone_releasesAtOnce() {
        assertThat(at(100_500, new Hold.Input.Ended(0), new Hold.Input.Alone()))
                .containsExactly(new Hold.Order.Release(null, 0));
    }

    @Test
    void config_thatCannotWork_isRefused() {
        assertThatThrownBy(() -> HoldConfig.of(Duration.ofMillis(900))).isInstanceOf(Require.BadValue.class);
        assertThatThrownBy(() -> new HoldConfig(Duration.ofSeconds(10), Duration.ofMillis(5_001)))
                .isInstanceOf(Require.BadValue.class);
        assertThat(HoldConfig.of(Duration.ofSeconds(1)).grace()).isEqualTo(Duration.ofMillis(300));
        assertThat(HoldConfig.of(Duration.ofMinutes(1)).grace()).isEqualTo(Duration.ofSeconds(3));
    }
}

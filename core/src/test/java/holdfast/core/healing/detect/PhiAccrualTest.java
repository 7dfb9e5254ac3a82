package holdfast.core.healing.detect;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Dice;
import org.junit.jupiter.api.Test;

final class PhiAccrualTest {
    private static final long MILLI = 1_000_000;

    private static PhiAccrual beating(long jitterMillis) {
        PhiAccrual phi = new PhiAccrual(250 * MILLI, 500 * MILLI, 0);
        Dice dice = new Dice(1);
        for (int beat = 1; beat <= 200; beat++) phi.hear(beat * 250 * MILLI + dice.nextLong(jitterMillis * MILLI + 1));
        return phi;
    }

    @Test
    void silence_ofOneInterval_isNotSurprising() {
        PhiAccrual phi = beating(20);
        assertThat(phi.phiMilli(phi.lastNanos() + 300 * MILLI)).isLessThan(500);
    }

    @Test
    void silence_thatLasts_growsMoreSurprising_andPasses8Within2Seconds() {
        PhiAccrual phi = beating(20);
        long before = 0;
        for (long millis = 100; millis <= 2_000; millis += 100) {
            long now = phi.phiMilli(phi.lastNanos() + millis * MILLI);
            assertThat(now).isGreaterThanOrEqualTo(before);
            before = now;
        }
        assertThat(phi.phiMilli(phi.lastNanos() + 1_000 * MILLI)).isLessThan(8_000);
        assertThat(before).isGreaterThan(8_000);
    }

    @Test
    void nervousLink_isForgivenMore() {
        PhiAccrual calm = beating(10);
        PhiAccrual nervous = beating(900);
        long silence = 1_300 * MILLI;
        assertThat(nervous.phiMilli(nervous.lastNanos() + silence))
                .isLessThan(calm.phiMilli(calm.lastNanos() + silence));
    }

    @Test
    void longSilenceThatEnded_doesNotMakeTheNextLookUsual() {
        PhiAccrual phi = beating(10);
        phi.hear(phi.lastNanos() + 60_000 * MILLI);
        assertThat(phi.phiMilli(phi.lastNanos() + 2_500 * MILLI)).isGreaterThan(8_000);
    }

    @Test
    void endlessSilence_isBounded() {
        assertThat(beating(10).phiMilli(Long.MAX_VALUE / 2)).isEqualTo(PhiAccrual.PHI_MILLI_MAX);
    }
}

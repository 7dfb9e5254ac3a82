package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class PingRuleTest {
    private static final long SECOND = 1_000_000_000L;

    private final PingRule rule = new PingRule(5 * SECOND);

    @Test
    void threeTooSoon_inARow_areTooMany() {
        assertThat(rule.isTooMany(0, 1)).isFalse();
        assertThat(rule.isTooMany(SECOND, 1)).isFalse();
        assertThat(rule.isTooMany(2 * SECOND, 1)).isFalse();
        assertThat(rule.isTooMany(3 * SECOND, 1)).isTrue();
    }

    @Test
    void whatTheServerSends_forgivesStrikes() {
        for (int round = 0; round < 20; round++) {
            assertThat(rule.isTooMany(round * SECOND, 1)).isFalse();
            if (round % 2 == 0) rule.sent();
        }
    }

    @Test
    void patientPings_whileCallsAreOpen_areFine() {
        for (int round = 0; round < 100; round++)
            assertThat(rule.isTooMany(round * 5 * SECOND, 1)).isFalse();
    }

    @Test
    void patientPings_withoutACall_areTooMany() {
        boolean sentAway = false;
        for (int round = 0; round < 5; round++) sentAway |= rule.isTooMany(round * 60 * SECOND, 0);
        assertThat(sentAway).isTrue();
    }

    @Test
    void leastTimeOfZero_allowsAll() {
        PingRule none = new PingRule(0);
        for (int round = 0; round < 100; round++)
            assertThat(none.isTooMany(round, 0)).isFalse();
    }
}

package holdfast.server.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

final class EarlyCollectionTest {
    private static final long MIB = 1 << 20;
    private static final long SECOND = 1_000_000_000L;

    @Test
    void oldGeneration_isCollected_whenMuchMayBeDead() {
        EarlyCollection.Rule rule = new EarlyCollection.Rule(30 * MIB, 0);
        assertThat(rule.isDue(53 * MIB, 60 * SECOND)).isFalse();
        assertThat(rule.isDue(54 * MIB, 60 * SECOND)).isTrue();
    }

    @Test
    void oldGeneration_thatIsMostlyAlive_isCollectedLater() {
        EarlyCollection.Rule rule = new EarlyCollection.Rule(150 * MIB, 0);
        assertThat(rule.isDue(199 * MIB, 60 * SECOND)).isFalse();
        assertThat(rule.isDue(200 * MIB, 60 * SECOND)).isTrue();
    }

    @Test
    void collections_areTenSecondsApart_howeverMuchDies() {
        EarlyCollection.Rule rule = new EarlyCollection.Rule(30 * MIB, 5 * SECOND);
        assertThat(rule.isDue(200 * MIB, 15 * SECOND - 1)).isFalse();
        assertThat(rule.isDue(200 * MIB, 15 * SECOND)).isTrue();
    }

    @Test
    void anotherCollector_isLeftAlone() {
        try (EarlyCollection collection = EarlyCollection.start(Ticker.system())) {
            assertThat(collection == null).isEqualTo(!isSerial());
        }
    }

    private static boolean isSerial() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream()
                .anyMatch(collector -> collector.getName().equals("MarkSweepCompact"));
    }
}

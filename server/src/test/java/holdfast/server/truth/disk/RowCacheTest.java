package holdfast.server.truth.disk;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.Dice;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class RowCacheTest {
    private static final Bytes KEY = Bytes.utf8("k");

    private final RowCache cache = new RowCache(64 << 10);

    @Test
    void row_thatWasRead_followsItsWrites() {
        assertThat(cache.knows(KEY)).isFalse();
        cache.learn(KEY, null);
        assertThat(cache.knows(KEY)).isTrue();
        assertThat(cache.get(KEY)).isNull();

        cache.written(KEY, Bytes.utf8("1"));
        assertThat(cache.get(KEY)).isEqualTo(Bytes.utf8("1"));
        cache.written(KEY, null);
        assertThat(cache.knows(KEY)).isTrue();
        assertThat(cache.get(KEY)).isNull();
    }

    @Test
    void row_thatNobodyAskedFor_isNotKept() {
        cache.written(KEY, Bytes.utf8("1"));
        assertThat(cache.knows(KEY)).isFalse();
    }

    @Test
    void row_thatGrowsTooLarge_isForgotten() {
        cache.learn(KEY, Bytes.utf8("1"));
        cache.written(KEY, Bytes.wrap(new byte[4 << 10]));
        assertThat(cache.knows(KEY)).isFalse();
    }

    @Test
    void anyProgram_isRememberedRightlyOrNotAtAll_andWithinItsBytes() {
        Dice dice = new Dice(11);
        TreeMap<Bytes, Bytes> truth = new TreeMap<>();
        for (int step = 0; step < 50_000; step++) {
            Bytes key = Bytes.utf8("key" + dice.nextInt(500));
            if (dice.nextInt(3) == 0) {
                Bytes value = dice.nextInt(5) == 0 ? null : Bytes.wrap(new byte[dice.nextInt(1_200)]);
                if (value == null) truth.remove(key);
                else truth.put(key, value);
                cache.written(key, value);
            } else if (cache.knows(key)) {
                assertThat(cache.get(key)).isEqualTo(truth.get(key));
            } else {
                cache.learn(key, truth.get(key));
            }
            assertThat(cache.bytes()).isBetween(0L, 64L << 10);
        }
    }
}

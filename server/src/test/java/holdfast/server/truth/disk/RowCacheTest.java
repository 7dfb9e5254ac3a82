package holdfast.server.truth.disk;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.Dice;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class RowCacheTest {
    private static final Bytes KEY = Bytes.utf8("k");

    private final RowCache cache = new RowCache(64 << 10);

    @Test
    void row_thatWasRead_followsItsWrites() {
        assertThat(knows(KEY)).isFalse();
        cache.learn(KEY, null);
        assertThat(knows(KEY)).isTrue();
        assertThat(get(KEY)).isNull();

        cache.written(KEY, Bytes.utf8("1"));
        assertThat(get(KEY)).isEqualTo(Bytes.utf8("1"));
        cache.written(KEY, null);
        assertThat(knows(KEY)).isTrue();
        assertThat(get(KEY)).isNull();
    }

    @Test
    void row_thatNobodyAskedFor_isNotKept() {
        cache.written(KEY, Bytes.utf8("1"));
        assertThat(knows(KEY)).isFalse();
    }

    @Test
    void row_thatGrowsTooLarge_isForgotten() {
        cache.learn(KEY, Bytes.utf8("1"));
        cache.written(KEY, Bytes.wrap(new byte[4 << 10]));
        assertThat(knows(KEY)).isFalse();
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
            } else if (knows(key)) {
                assertThat(get(key)).isEqualTo(truth.get(key));
            } else {
                cache.learn(key, truth.get(key));
            }
            assertThat(cache.bytes()).isBetween(0L, 64L << 10);
        }
    }

    @Test
    void rowsThatAreAskedForAgain_outliveThoseAskedForOnce() {
        Bytes value = Bytes.wrap(new byte[200]);
        for (int key = 0; key < 20; key++) cache.learn(often(key), value);
        int forgotten = 0;
        for (int step = 0; step < 10_000; step++) {
            cache.learn(Bytes.utf8("once" + step), value);
            Bytes again = often(step % 20);
            if (knows(again)) continue;
            forgotten++;
            cache.learn(again, value);
        }
        assertThat(forgotten).isLessThan(100); // where many lie in one page, some go with it
        assertThat(knows(Bytes.utf8("once0"))).isFalse();
        assertThat(knows(Bytes.utf8("once9999"))).isTrue();
    }

    @Test
    void allRows_areFound_whenTheyFit() {
        RowCache large = new RowCache(4 << 20);
        for (int key = 0; key < 20_000; key++) large.learn(often(key), Bytes.utf8("v" + key));
        for (int key = 0; key < 20_000; key += 2) large.written(often(key), Bytes.utf8("a longer value " + key));
        for (int key = 0; key < 20_000; key++) {
            Bytes due = Bytes.utf8((key % 2 == 0 ? "a longer value " : "v") + key);
            assertThat(large.row(large.find(often(key)))).isEqualTo(due);
        }
        large.clear();
        assertThat(large.find(often(1))).isEqualTo(RowCache.NOWHERE);
        large.learn(often(1), null);
        assertThat(large.row(large.find(often(1)))).isNull();
    }

    private static Bytes often(int key) {
        return Bytes.utf8("often" + key);
    }

    private boolean knows(Bytes key) {
        return cache.find(key) != RowCache.NOWHERE;
    }

    private @Nullable Bytes get(Bytes key) {
        return cache.row(cache.find(key));
    }
}

package holdfast.core.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// Keys, ranges and dice by properties: many seeded throws, each checked against the plain definition.
final class BytesTest {
    private static final int ROUNDS = 20_000;

    private final Dice dice = new Dice(42);

    @Test
    void bytes_compare_asUnsignedBytesShorterFirst() {
        for (int round = 0; round < ROUNDS; round++) {
            byte[] left = throwBytes();
            byte[] right = throwBytes();
            assertThat(Integer.signum(Bytes.copyOf(left).compareTo(Bytes.copyOf(right))))
                    .isEqualTo(Integer.signum(Arrays.compareUnsigned(left, right)));
        }
    }

    @Test
    void prefixRange_holdsExactlyTheKeysWithThatPrefix() {
        for (int round = 0; round < ROUNDS; round++) {
            Bytes prefix = Bytes.wrap(throwBytes());
            Bytes key = dice.oneIn(2) ? prefix.concat(Bytes.wrap(throwBytes())) : Bytes.wrap(throwBytes());
            assertThat(KeyRange.prefix(prefix).contains(key))
                    .as("%s in prefix %s", key, prefix)
                    .isEqualTo(key.startsWith(prefix));
        }
    }

    @Test
    void singleRange_holdsExactlyOneKey() {
        for (int round = 0; round < ROUNDS; round++) {
            Bytes key = Bytes.wrap(throwBytes());
            Bytes other = dice.oneIn(3) ? key.next() : Bytes.wrap(throwBytes());
            assertThat(KeyRange.single(key).isSingle()).isTrue();
            assertThat(KeyRange.single(key).contains(other)).isEqualTo(key.equals(other));
        }
    }

    @Test
    void bytes_joinedAndSliced_areTheParts() {
        for (int round = 0; round < ROUNDS; round++) {
            Bytes head = Bytes.wrap(throwBytes());
            Bytes tail = Bytes.wrap(throwBytes());
            Bytes both = head.concat(tail);
            assertThat(both.slice(0, head.size())).isEqualTo(head);
            assertThat(both.slice(head.size(), both.size())).isEqualTo(tail);
        }
    }

    @Test
    void dice_withOneSeed_throwTheSame_andStayInBounds() {
        Dice left = new Dice(7);
        Dice right = new Dice(7);
        for (int round = 0; round < ROUNDS; round++) {
            long thrown = left.between(-5, 9);
            assertThat(thrown).isBetween(-5L, 9L).isEqualTo(right.between(-5, 9));
        }
    }

    /// Short, from few letters, the extremes among them, so that prefixes and equal keys are common.
    private byte[] throwBytes() {
        byte[] letters = {0, 1, 'a', 'b', (byte) 0x80, (byte) 0xfe, (byte) 0xff};
        byte[] thrown = new byte[dice.nextInt(4)];
        for (int index = 0; index < thrown.length; index++) thrown[index] = letters[dice.nextInt(letters.length)];
        return thrown;
    }
}

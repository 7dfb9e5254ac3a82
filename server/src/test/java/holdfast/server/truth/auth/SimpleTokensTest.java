package holdfast.server.truth.auth;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.server.base.Ticker;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/// How long simple tokens live, on a clock that the test moves.
final class SimpleTokensTest {
    private static final Bytes ALICE = Bytes.utf8("alice");
    private static final Bytes BOB = Bytes.utf8("bob");

    private final Hand hand = new Hand();
    private final SimpleTokens tokens = new SimpleTokens(hand, Duration.ofSeconds(300));

    private static final class Hand implements Ticker {
        private long seconds;

        @Override
        public long nanos() {
            return Duration.ofSeconds(seconds).toNanos();
        }

        @Override
        public long bootNanos() {
            return nanos();
        }

        @Override
        public long wallMillis() {
            return seconds * 1_000;
        }
    }

    @Test
    void token_usedWithinItsLife_livesOn_unusedEnds() {
        tokens.give("used.1", ALICE);
        tokens.give("unused.2", ALICE);
        hand.seconds = 299;
        assertThat(tokens.use("used.1")).isEqualTo(ALICE);
        hand.seconds = 598;
        tokens.tick();
        assertThat(tokens.use("used.1")).isEqualTo(ALICE);
        assertThat(tokens.use("unused.2")).isNull();
        hand.seconds = 898;
        assertThat(tokens.use("used.1")).isNull();
    }

    @Test
    void user_forgotten_losesHisTokensOnly() {
        tokens.give("a.1", ALICE);
        tokens.give("b.2", BOB);
        tokens.forget(ALICE);
        assertThat(tokens.use("a.1")).isNull();
        assertThat(tokens.use("b.2")).isEqualTo(BOB);
        tokens.forgetAll();
        assertThat(tokens.use("b.2")).isNull();
    }

    @Test
    void index_isReadOutOfAToken_andOfNothingElse() {
        assertThat(SimpleTokens.indexOf(tokens.newPrefix() + ".42")).isEqualTo(42);
        for (String wrong : new String[] {"", "abc", "abc.", "abc.x", "a.1.2", "abc.-1", "abc.99999999999999999999"})
            assertThat(SimpleTokens.indexOf(wrong)).as(wrong).isEqualTo(-1);
    }
}

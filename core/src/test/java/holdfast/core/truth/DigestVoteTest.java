package holdfast.core.truth;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class DigestVoteTest {
    @Test
    void vote_namesWhoDiffersFromAMajority_orZeroWhenNobodyCanTell() {
        assertThat(DigestVote.wrong(new TreeMap<>(Map.of(1, 5L, 2, 5L, 3, 5L)), 3))
                .isEmpty();
        assertThat(DigestVote.wrong(new TreeMap<>(Map.of(1, 5L)), 3)).isEmpty();
        assertThat(DigestVote.wrong(new TreeMap<>(Map.of(1, 5L, 2, 6L, 3, 5L)), 3))
                .containsExactly(2);
        assertThat(DigestVote.wrong(new TreeMap<>(Map.of(1, 5L, 2, 6L, 3, 5L, 4, 5L, 5, 7L)), 5))
                .containsExactly(2, 5);
        assertThat(DigestVote.wrong(new TreeMap<>(Map.of(1, 5L, 2, 6L)), 2)).containsExactly(0);
        assertThat(DigestVote.wrong(new TreeMap<>(Map.of(1, 5L, 2, 6L)), 3)).containsExactly(0);
        assertThat(DigestVote.wrong(new TreeMap<>(Map.of(1, 5L, 2, 6L, 3, 7L)), 3))
                .containsExactly(0);
    }
}

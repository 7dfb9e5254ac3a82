package holdfast.core.proof;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.proof.Leased.Renewal;
import holdfast.core.proof.Watched.Event;
import holdfast.core.proof.Watched.Heard;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LeaseJudgeTest {
    private static final long SECOND = 1_000_000_000;

    @Test
    void key_goneAfterItsLease_isRight() {
        assertThat(judge(5 * SECOND, Call.NEVER, new Renewal(0, true), new Renewal(2 * SECOND, true)))
                .isEmpty();
    }

    @Test
    void key_goneWhileItsLeaseLived_isEarly_unlessItWasRevoked() {
        assertThat(judge(3 * SECOND, Call.NEVER, new Renewal(0, true), new Renewal(2 * SECOND, true)))
                .containsExactly("lease-early");
        assertThat(judge(3 * SECOND, 2 * SECOND, new Renewal(0, true), new Renewal(2 * SECOND, true)))
                .isEmpty();
        assertThat(judge(3 * SECOND, Call.NEVER, new Renewal(0, true), new Renewal(2 * SECOND, false)))
                .isEmpty();
    }

    @Test
    void lease_renewedAfterItsEnd_isUndead() {
        assertThat(judge(5 * SECOND, Call.NEVER, new Renewal(0, true), new Renewal(6 * SECOND, true)))
                .containsExactly("lease-undead");
    }

    @Test
    void key_neverGone_isLate() {
        assertThat(judge(-1, Call.NEVER, new Renewal(0, true))).containsExactly("lease-late");
    }

    private static List<String> judge(long goneNanos, long revokedNanos, Renewal... renewals) {
        Leased lease = new Leased(7, 2 * SECOND, "r/l/1", List.of(renewals), revokedNanos);
        List<Heard> heard = goneNanos < 0
                ? List.of()
                : List.of(new Heard.Told(goneNanos, 9, List.of(new Event("r/l/1", null, 9, 0, null))));
        History history = new History(1, 9, List.of(), List.of(new Watched("w", "r/", false, heard)), List.of(lease));
        return LeaseJudge.judge(history.leases(), Timeline.of(history)).stream()
                .map(Violation::code)
                .toList();
    }
}

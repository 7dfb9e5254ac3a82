package holdfast.server.proof;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.NodeId;
import holdfast.core.base.Ratio;
import holdfast.core.healing.Incident;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.locate.Diagnosis;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What the demo knows to be true against what the loop said.
final class JudgeTest {
    private static final Part ORDERS_2 = new Part.Instance("orders", 2);
    private static final Part WEB_1 = new Part.Instance("web", 1);
    private static final Part H2 = new Part.Host(new NodeId("h2"));
    private static final Wound KILLED = new Wound(Hurt.KILL, "killed orders/2", ORDERS_2::equals, 1_000, 0, () -> {});

    @Test
    void diagnosis_ofTheRightPartAndTrouble_isRight() {
        Verdict verdict = judge(incident("1", ORDERS_2, Mode.EXITED, Incident.State.CLOSED));

        assertThat(verdict.isGood()).isTrue();
        assertThat(verdict.detectMillis()).isEqualTo(200);
        assertThat(verdict.isolateMillis()).isEqualTo(400);
        assertThat(verdict.recoverMillis()).isEqualTo(500);
        assertThat(verdict.verifyMillis()).isEqualTo(600);
        assertThat(verdict.line())
                .isEqualTo("healed killed orders/2: diagnosed orders/2 EXITED (right); detected 0.2 s, isolated 0.4 s,"
                        + " recovered 0.5 s, verified 0.6 s; 3 requests failed");
    }

    @Test
    void diagnosis_ofAnotherPart_isWrong() {
        assertThat(judge(incident("1", WEB_1, Mode.EXITED, Incident.State.CLOSED))
                        .right())
                .isFalse();
        assertThat(judge(incident("1", H2, Mode.EXITED, Incident.State.CLOSED)).right())
                .isFalse();
    }

    @Test
    void diagnosis_ofAnotherTrouble_isWrong() {
        assertThat(judge(incident("1", ORDERS_2, Mode.FROZEN, Incident.State.CLOSED))
                        .right())
                .isFalse();
    }

    @Test
    void bystander_whoIsAccusedToo_makesItWrong() {
        Verdict verdict = judge(
                incident("1", WEB_1, Mode.FAILING, Incident.State.CLOSED),
                incident("2", ORDERS_2, Mode.EXITED, Incident.State.CLOSED));

        assertThat(verdict.right()).isFalse();
        assertThat(verdict.diagnosed()).isEqualTo("orders/2 EXITED");
        assertThat(verdict.notes()).containsExactly("also accused: web/1 FAILING");
    }

    @Test
    void silence_isWrongAndNotHealed() {
        Verdict verdict = judge();

        assertThat(verdict.right()).isFalse();
        assertThat(verdict.healed()).isFalse();
        assertThat(verdict.diagnosed()).isEqualTo("nothing");
        assertThat(verdict.detectMillis()).isEqualTo(-1);
    }

    @Test
    void incident_thatIsNotClosed_isNotHealed() {
        assertThat(judge(incident("1", ORDERS_2, Mode.EXITED, Incident.State.VERIFYING))
                        .healed())
                .isFalse();
    }

    private static Verdict judge(Incident... incidents) {
        return Judge.judge(KILLED, List.of(incidents), true, 3, List.of());
    }

    private static Incident incident(String id, Part culprit, Mode mode, Incident.State state) {
        Diagnosis diagnosis = new Diagnosis(culprit, mode, true, List.of(), "it ended", Ratio.percent(99), List.of());
        return new Incident(
                id,
                state,
                culprit,
                diagnosis,
                List.of(),
                List.of(),
                new Incident.Times(1_100, 1_200, 1_300, 1_400, 1_500, 1_600),
                0,
                List.of(),
                List.of());
    }
}

package holdfast.core.healing.isolate;

import static holdfast.core.healing.Shop.order;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Fence;
import holdfast.core.base.Ratio;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.locate.Diagnosis;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CordonTest {
    private static Diagnosis diagnosis(Mode mode, boolean proven) {
        return new Diagnosis(order(1), mode, proven, List.of(), "cause", Ratio.ONE, List.of());
    }

    private static Budget budget(int instances, int isolated, int healthyOthers) {
        return new Budget(instances, isolated, healthyOthers, Ratio.percent(50));
    }

    @ParameterizedTest
    @CsvSource({
        "FROZEN,3,0,2,Isolate", // one of three, within 50 %
        "FROZEN,3,1,1,Hold", // a second one would pass the budget
        "FAILING,6,2,3,Isolate",
        "FAILING,6,3,2,Hold",
        "FAILING,1,0,0,KeepRouting", // a pool of one heals without losing its endpoint
        "FAILING,3,0,0,KeepRouting", // the last one that serves
        "EXITED,3,3,0,Isolate" // surely dead: serves nobody anyway
    })
    void verdict_keepsTheBudgetAndTheLastHealthyOne(
            Mode mode, int instances, int isolated, int healthyOthers, String expected) {
        Cordon.Verdict verdict =
                Cordon.choose(diagnosis(mode, mode == Mode.EXITED), budget(instances, isolated, healthyOthers));
        assertThat(verdict.getClass().getSimpleName()).isEqualTo(expected);
    }

    @Test
    void hold_saysTheNumbers() {
        Cordon.Verdict verdict = Cordon.choose(diagnosis(Mode.FROZEN, false), budget(3, 1, 1));
        assertThat(verdict.why().sentence())
                .isEqualTo("1 of 3 are isolated already; at most 1 may be (isolate-at-most 50 %).");
    }

    @Test
    void lostHost_isWaitedForUntilItsLeaseIsOver_unlessItIsProvenDead() {
        assertThat(rungs(Mode.CUT_OFF, false)).contains(Isolation.AWAIT_LEASE);
        assertThat(rungs(Mode.ONE_WAY, false)).contains(Isolation.AWAIT_LEASE);
        assertThat(rungs(Mode.HOST_DOWN, true)).containsExactly(Isolation.EJECT);
        assertThat(rungs(Mode.FROZEN, false)).containsExactly(Isolation.EJECT, Isolation.KILL);
    }

    private static List<Isolation> rungs(Mode mode, boolean proven) {
        return Cordon.choose(diagnosis(mode, proven), budget(3, 0, 2)) instanceof Cordon.Verdict.Isolate isolate
                ? isolate.rungs()
                : List.of();
    }

    @Test
    void gate_refusesOlderFences_withBothNumbers() {
        FenceGate gate = new FenceGate(new Fence(5));
        assertThat(gate.admit(new Fence(5))).isEmpty();
        assertThat(gate.admit(new Fence(7))).isEmpty();
        assertThat(gate.admit(new Fence(6)).orElseThrow().sentence())
                .isEqualTo("The order carries epoch 6, but epoch 7 has been here.");
        assertThat(gate.highest()).isEqualTo(new Fence(7));
    }
}

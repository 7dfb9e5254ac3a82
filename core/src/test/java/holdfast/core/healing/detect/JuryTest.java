package holdfast.core.healing.detect;

import static holdfast.core.healing.Shop.H1;
import static holdfast.core.healing.Shop.H2;
import static holdfast.core.healing.Shop.H3;
import static holdfast.core.healing.Shop.HOSTS;
import static holdfast.core.healing.Shop.MILLI;
import static holdfast.core.healing.Shop.SECOND;
import static holdfast.core.healing.Shop.order;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.NodeId;
import holdfast.core.healing.Shop;
import holdfast.core.healing.detect.Signal.Result;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Part;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// One second of calm, then trouble. orders/k runs on hk.
final class JuryTest {
    private final Jury jury = new Jury(DetectConfig.DEFAULT, Shop.fleet("v1"), "e5", 0);
    private final List<Probe> asked = new ArrayList<>();
    private long now;
    private long sequence;

    JuryTest() {
        for (int number = 1; number <= 3; number++) {
            NodeId host = HOSTS.get(number - 1);
            jury.register(Shop.registration(host, number));
            jury.hear(new Signal.Attached(host, 1), now);
            jury.assign(Shop.assignment(order(number), host, "a5-" + number, true), 20 * SECOND);
            jury.started(order(number), "a5-" + number, 10 * SECOND);
        }
        for (int step = 0; step < 40; step++) pass(HOSTS, Result.OK, HOSTS);
        for (int number = 1; number <= 3; number++)
            assertThat(jury.verify(order(number), now).enough()).isTrue();
        assertThat(jury.faults(now)).isEmpty();
    }

    /// 100 ms in which `alive` beat, and everybody alive probes orders/2 every 500 ms and finds `result`.
    private void pass(List<NodeId> alive, Result result, List<NodeId> witnesses) {
        now += 100 * MILLI;
        sequence++;
        for (NodeId host : alive) jury.hear(new Signal.Heartbeat(host, 1, sequence, 0), now);
        if (sequence % 5 == 0) {
            for (NodeId witness : witnesses) {
                for (int number = 1; number <= 3; number++) probe(witness, number, number == 2 ? result : Result.OK, 0);
            }
        }
        asked.addAll(jury.review(now));
    }

    private void probe(NodeId witness, int number, Result result, long stalledNanos) {
        String target = "10.0.0." + number + ":" + (8_099 + number);
        jury.hear(
                new Signal.Probed(witness, order(number), 0, target, result, "503", 400 * MILLI, stalledNanos, ""),
                now);
    }

    private void answer(Result result) {
        for (Probe probe : asked) {
            jury.hear(
                    new Signal.Probed(
                            probe.witness(),
                            probe.subject(),
                            probe.check(),
                            probe.target(),
                            result,
                            "",
                            MILLI,
                            0,
                            probe.id()),
                    now);
        }
        asked.clear();
    }

    private List<Mode> modes() {
        return jury.faults(now).stream().map(Fault::mode).toList();
    }

    @Test
    void exit_seenByItsParent_isAFaultAtOnce() {
        jury.hear(new Signal.Exited(H2, order(2), "a5-2", 137), now);
        assertThat(jury.faults(now)).singleElement().satisfies(fault -> {
            assertThat(fault.mode()).isEqualTo(Mode.EXITED);
            assertThat(fault.proven()).isTrue();
            assertThat(fault.evidence()).containsExactly("Its parent on h2 saw it end with signal 9.");
        });
    }

    @Test
    void exit_ofAFormerRun_hurtsNobody() {
        jury.hear(new Signal.Exited(H2, order(2), "a4-9", 137), now);
        assertThat(jury.faults(now)).isEmpty();
    }

    @Test
    void timeouts_ofEverybodyWhileItsHostLives_areAFrozenInstance() {
        for (int step = 0; step < 15; step++) pass(HOSTS, Result.TIMEOUT, HOSTS);
        assertThat(modes()).containsExactly(Mode.FROZEN);
    }

    @Test
    void badAnswers_areAFailingInstance_withTheAnswerAsEvidence() {
        for (int step = 0; step < 15; step++) pass(HOSTS, Result.BAD_ANSWER, HOSTS);
        assertThat(modes()).containsExactly(Mode.FAILING);
        assertThat(jury.faults(now).getFirst().evidence().getFirst()).contains("503", "3 times in a row");
    }

    @Test
    void oneWitnessAlone_accusesInVain() {
        for (int step = 0; step < 30; step++) {
            pass(HOSTS, Result.OK, List.of(H1, H2));
            if (step % 5 == 0) probe(H3, 2, Result.TIMEOUT, 0);
        }
        assertThat(jury.faults(now)).isEmpty();
    }

    @Test
    void witnesses_thatWereThemselvesLate_accuseNobody() {
        for (int step = 0; step < 40; step++) {
            pass(HOSTS, Result.OK, List.of());
            if (step % 5 == 0) for (NodeId witness : HOSTS) probe(witness, 2, Result.TIMEOUT, 300 * MILLI);
        }
        assertThat(jury.faults(now)).isEmpty();
    }

    @Test
    void othersCannotReachIt_butItsOwnHostCan_isUnreachable() {
        for (int step = 0; step < 30; step++) {
            pass(HOSTS, Result.OK, List.of(H2));
            if (step % 5 == 0) for (NodeId witness : List.of(H1, H3)) probe(witness, 2, Result.TIMEOUT, 0);
        }
        assertThat(modes()).containsExactly(Mode.UNREACHABLE);
    }

    @Test
    void closedStream_isOnlyAHint_refusedPortsAreProof() {
        jury.hear(new Signal.Detached(H2, "reset"), now);
        pass(List.of(H1, H3), Result.OK, List.of());
        assertThat(asked).extracting(Probe::witness).contains(H1, H3).doesNotContain(H2);
        assertThat(jury.faults(now)).isEmpty();
        answer(Result.REFUSED);
        assertThat(jury.faults(now)).singleElement().satisfies(fault -> {
            assertThat(fault.subject()).isEqualTo(new Part.Host(H2));
            assertThat(fault.mode()).isEqualTo(Mode.HOST_DOWN);
            assertThat(fault.proven()).isTrue();
        });
    }

    @Test
    void refusedAgent_whoseInstanceAnswers_isOnlyAnAgentDown() {
        jury.hear(new Signal.Detached(H2, "reset"), now);
        for (int step = 0; step < 20; step++) {
            pass(List.of(H1, H3), Result.OK, List.of(H1, H3));
            for (Probe probe : List.copyOf(asked)) {
                Result result = probe.subject() instanceof Part.Host ? Result.REFUSED : Result.OK;
                jury.hear(
                        new Signal.Probed(
                                probe.witness(),
                                probe.subject(),
                                probe.check(),
                                probe.target(),
                                result,
                                "",
                                MILLI,
                                0,
                                probe.id()),
                        now);
            }
            asked.clear();
        }
        assertThat(modes()).containsExactly(Mode.AGENT_DOWN);
    }

    @Test
    void silence_thatNobodyCanBreak_isCutOff_within2Seconds() {
        long cutNanos = now;
        while (modes().isEmpty() && now - cutNanos < 5 * SECOND) {
            pass(List.of(H1, H3), Result.TIMEOUT, List.of(H1, H3));
            answer(Result.TIMEOUT);
        }
        assertThat(modes()).containsExactly(Mode.CUT_OFF);
        assertThat(now - cutNanos).isLessThan(2 * SECOND);
    }

    @Test
    void heartbeats_ofAHostThatNobodyCanReach_areOneWay() {
        for (int step = 0; step < 30; step++) {
            pass(HOSTS, Result.TIMEOUT, List.of(H1, H3));
            answer(Result.TIMEOUT);
        }
        assertThat(modes()).containsExactly(Mode.ONE_WAY);
    }

    @Test
    void silence_ofAHostThatOthersReach_isNoFault() {
        for (int step = 0; step < 30; step++) {
            pass(List.of(H1, H3), Result.OK, List.of(H1, H3));
            answer(Result.OK);
        }
        assertThat(asked).isEmpty();
        assertThat(jury.faults(now)).isEmpty();
        assertThat(jury.isSuspected(H2)).isTrue();
    }

    @Test
    void juryThatStoodStillItself_accusesNobodyForIt() {
        now += 30 * SECOND;
        assertThat(jury.review(now)).isEmpty();
        assertThat(jury.faults(now)).isEmpty();
    }

    @Test
    void verification_needsTwoOtherHosts_orSaysWhyNot() {
        assertThat(jury.verify(order(2), now).by()).containsExactly(H1, H2, H3);
        jury.assign(Shop.assignment(order(2), H2, "a5-9", true), now + SECOND);
        jury.started(order(2), "a5-9", now + 5 * SECOND);
        assertThat(jury.verify(order(2), now).enough()).isFalse();
        for (int round = 0; round < 2; round++) {
            probe(H1, 2, Result.OK, 0);
            probe(H2, 2, Result.OK, 0);
        }
        assertThat(jury.verify(order(2), now).enough())
                .as("one other host is not enough while a second is up")
                .isFalse();
        for (int round = 0; round < 2; round++) probe(H3, 2, Result.OK, 0);
        assertThat(jury.verify(order(2), now).enough()).isTrue();
    }

    @Test
    void host_thatRegisteredBeforeItsFleetWasApplied_isUpOnceHeard() {
        Jury early = new Jury(DetectConfig.DEFAULT, new Fleet("none", List.of(), List.of()), "e6", 0);
        early.register(Shop.registration(H1, 1));
        early.register(Shop.registration(H2, 2));
        assertThat(early.gone(H2, 2, SECOND)).isFalse();

        early.fleet(Shop.fleet("v1"));
        early.hear(new Signal.Heartbeat(H1, 1, 1, 0), SECOND);
        early.hear(new Signal.Heartbeat(H2, 1, 1, 0), SECOND);

        assertThat(early.isUp(H1)).isTrue();
        assertThat(early.isUp(H2)).isFalse();
    }
}

package holdfast.core.healing.recover;

import static holdfast.core.healing.Shop.H1;
import static holdfast.core.healing.Shop.H2;
import static holdfast.core.healing.Shop.H3;
import static holdfast.core.healing.Shop.order;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.NodeId;
import holdfast.core.healing.Shop;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Rung;
import holdfast.core.healing.fleet.ServiceSpec;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class PlannerTest {
    private static final long NOW_MILLIS = 1_000_000_000;

    private static Assignment with(List<Long> restarts, List<Long> moves) {
        Assignment plain = Shop.assignment(order(1), H1, "a1", true);
        return new Assignment(
                plain.instance(),
                plain.host(),
                plain.address(),
                plain.port(),
                plain.spec(),
                plain.fleetRevision(),
                plain.desired(),
                plain.run(),
                plain.fence(),
                true,
                "",
                restarts,
                moves);
    }

    private static Plan plan(List<Long> restarts, List<Rung> tried, boolean hostUp, boolean safe, NodeId target) {
        Patient patient =
                new Patient(with(restarts, List.of()), tried, hostUp, safe, Optional.ofNullable(target), NOW_MILLIS);
        return Planner.plan(Runbook.of(Mode.EXITED, ServiceSpec.RECOVERY_DEFAULT), patient);
    }

    @Test
    void ladder_isClimbedRungByRung() {
        assertThat(plan(List.of(), List.of(), true, false, H2)).isInstanceOf(Plan.Restart.class);
        assertThat(plan(List.of(), List.of(Rung.RESTART), true, false, H2)).isInstanceOf(Plan.Move.class);
        Plan end = plan(List.of(), List.of(Rung.RESTART, Rung.MOVE), true, false, H2);
        assertThat(end.why().sentence())
                .isEqualTo("A person is needed: restart and move did not help (runbook instance).");
    }

    @Test
    void restart_onAHostThatIsDown_neverHappens() {
        assertThat(plan(List.of(), List.of(), false, true, H2)).isInstanceOf(Plan.Move.class);
        assertThat(plan(List.of(), List.of(), false, false, H2).why().code()).isEqualTo("unsafe");
        assertThat(plan(List.of(), List.of(), false, true, null).why().code()).isEqualTo("no-host");
    }

    @Test
    void restartBudget_thatIsUsed_skipsTheRung() {
        List<Long> used = List.of(NOW_MILLIS - 300_000, NOW_MILLIS - 200_000, NOW_MILLIS - 100_000);
        Plan plan = plan(used, List.of(), true, false, H2);
        assertThat(plan).isInstanceOf(Plan.Move.class);
        assertThat(plan.why().sentence()).contains("3 of 3 within 10 min are used");
        List<Long> old = List.of(NOW_MILLIS - 900_000, NOW_MILLIS - 800_000, NOW_MILLIS - 700_000);
        assertThat(plan(old, List.of(), true, false, H2)).isInstanceOf(Plan.Restart.class);
    }

    @Test
    void restart_soonAfterTheLast_waitsLongerEachTime() {
        assertThat(plan(List.of(NOW_MILLIS - 500), List.of(), true, false, H2)).isInstanceOf(Plan.Wait.class);
        assertThat(plan(List.of(NOW_MILLIS - 1_500), List.of(), true, false, H2))
                .isInstanceOf(Plan.Restart.class);
        assertThat(plan(List.of(NOW_MILLIS - 9_000, NOW_MILLIS - 1_500), List.of(), true, false, H2))
                .isInstanceOf(Plan.Wait.class);
    }

    @Test
    void moveBudget_isCountedByItself() {
        List<Long> moves = List.of(NOW_MILLIS - 3, NOW_MILLIS - 2, NOW_MILLIS - 1);
        Patient patient =
                new Patient(with(List.of(), moves), List.of(Rung.RESTART), true, false, Optional.of(H2), NOW_MILLIS);
        assertThat(Planner.plan(Runbook.of(Mode.EXITED, ServiceSpec.RECOVERY_DEFAULT), patient))
                .isInstanceOf(Plan.HandOver.class);
    }

    @Test
    void agentDown_hasNoRungButAPerson() {
        assertThat(Runbook.of(Mode.AGENT_DOWN, ServiceSpec.RECOVERY_DEFAULT).rungs())
                .containsExactly(Rung.HAND_OVER);
    }

    @Test
    void placement_prefersFewSiblings_thenFewInstances_thenTheFirstName() {
        Fleet fleet = Shop.fleet("v1");
        ServiceSpec spec = Shop.orders("v1");
        List<Assignment> assignments = List.of(
                Shop.assignment(order(1), H1, "a", true),
                Shop.assignment(order(2), H2, "a", true),
                Shop.assignment(new holdfast.core.healing.fleet.Part.Instance("web", 1), H3, "a", true));
        assertThat(Placement.choose(order(3), spec, fleet, assignments, _ -> true))
                .contains(H3);
        assertThat(Placement.choose(order(3), spec, fleet, assignments, host -> !host.equals(H3)))
                .contains(H1);
        assertThat(Placement.choose(order(3), spec, fleet, assignments, _ -> false))
                .isEmpty();
    }

    @Test
    void rollout_touchesOneAtATime_illOnesFirst() {
        ServiceSpec next = Shop.orders("v2");
        Fleet fleet = Shop.fleet("v2");
        List<Assignment> old = List.of(
                Shop.assignment(order(1), H1, "a", true),
                Shop.assignment(order(2), H2, "b", true),
                Shop.assignment(order(3), H3, "c", true));
        assertThat(Rollout.next(next, fleet, old, _ -> true)).contains(old.get(0));
        assertThat(Rollout.next(
                        next, fleet, old, assignment -> !assignment.host().equals(H2)))
                .contains(old.get(1));
        assertThat(Rollout.next(Shop.orders("v1"), Shop.fleet("v1"), old, _ -> true))
                .isEmpty();
        Assignment fresh = new Assignment(
                order(1),
                H1,
                "10.0.0.1",
                8_100,
                next,
                11,
                Assignment.Desired.RUN,
                "d",
                old.get(0).fence(),
                false,
                "",
                List.of(),
                List.of());
        List<Assignment> underWay = List.of(fresh, old.get(1), old.get(2));
        assertThat(Rollout.next(
                        next, fleet, underWay, assignment -> !assignment.run().equals("d")))
                .isEmpty();
        assertThat(Rollout.next(next, fleet, underWay, _ -> true)).contains(old.get(1));
        assertThat(Rollout.change(old.get(0), next)).isEqualTo("services.orders.command: [orders, v1] -> [orders, v2]");
    }
}

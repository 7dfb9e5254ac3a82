package holdfast.core.healing.locate;

import static holdfast.core.healing.Shop.H1;
import static holdfast.core.healing.Shop.H2;
import static holdfast.core.healing.Shop.SECOND;
import static holdfast.core.healing.Shop.order;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.healing.Shop;
import holdfast.core.healing.detect.Fault;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Part;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class LocatorTest {
    private static final Part.Instance WEB = new Part.Instance("web", 1);
    private static final long NOW = 100 * SECOND;

    private final Topology topology = topology();

    private static Topology topology() {
        SortedMap<Part.Instance, Assignment> assignments = new TreeMap<>();
        for (Part.Instance instance : List.of(order(1), order(2), order(3), WEB)) {
            assignments.put(instance, Shop.assignment(instance, instance.number() == 1 ? H1 : H2, "a", true));
        }
        return new Topology(Shop.fleet("v1"), assignments);
    }

    private static Fault fault(Part subject, Mode mode, boolean proven, long sinceNanos) {
        return new Fault(subject, mode, sinceNanos, proven, List.of("seen"));
    }

    @Test
    void host_explainsAllThatRunsOnIt() {
        List<Diagnosis> found = Locator.locate(
                List.of(
                        fault(new Part.Host(H1), Mode.HOST_DOWN, true, NOW),
                        fault(order(1), Mode.EXITED, true, NOW),
                        fault(WEB, Mode.FROZEN, false, NOW)),
                topology,
                List.of(),
                _ -> true,
                NOW);
        assertThat(found).singleElement().satisfies(diagnosis -> {
            assertThat(diagnosis.culprit()).isEqualTo(new Part.Host(H1));
            assertThat(diagnosis.hurt()).containsExactly(order(1), WEB);
        });
    }

    @Test
    void serviceWithoutAWellInstance_explainsWhoDependsOnIt() {
        List<Diagnosis> found = Locator.locate(
                List.of(fault(WEB, Mode.FAILING, false, NOW), fault(order(2), Mode.FROZEN, false, NOW)),
                topology,
                List.of(),
                _ -> false,
                NOW);
        assertThat(found).singleElement().satisfies(diagnosis -> {
            assertThat(diagnosis.culprit()).isEqualTo(order(2));
            assertThat(diagnosis.hurt()).containsExactly(WEB);
        });
    }

    @Test
    void dependentOfAWellService_answersForItself() {
        List<Diagnosis> found = Locator.locate(
                List.of(fault(WEB, Mode.FAILING, false, NOW), fault(order(2), Mode.FROZEN, false, NOW)),
                topology,
                List.of(),
                instance -> instance.equals(order(1)),
                NOW);
        assertThat(found).extracting(Diagnosis::culprit).containsExactly(order(2), WEB);
    }

    @Test
    void processThatEnded_answersForItself_whateverItDependsOn() {
        List<Diagnosis> found = Locator.locate(
                List.of(fault(WEB, Mode.EXITED, true, NOW), fault(order(2), Mode.FROZEN, false, NOW)),
                topology,
                List.of(),
                _ -> false,
                NOW);
        assertThat(found).extracting(Diagnosis::culprit).contains(WEB);
    }

    @Test
    void dependencyWithoutAVerdictYet_isWaitedFor_butNotForEver() {
        Fault young = fault(WEB, Mode.FAILING, false, NOW - SECOND);
        Fault old = fault(WEB, Mode.FAILING, false, NOW - 5 * SECOND);
        assertThat(Locator.locate(List.of(young), topology, List.of(), _ -> false, NOW))
                .isEmpty();
        assertThat(Locator.locate(List.of(old), topology, List.of(), _ -> false, NOW))
                .hasSize(1);
    }

    @Test
    void badDeploy_namesTheChange() {
        Change change = new Change(order(2), 57, "services.orders.command: [a] -> [b]");
        List<Diagnosis> found = Locator.locate(
                List.of(fault(order(2), Mode.NEVER_HEALTHY, true, NOW)), topology, List.of(change), _ -> true, NOW);
        assertThat(found.getFirst().cause())
                .isEqualTo(
                        "orders/2 on h2 was never well since fleet revision 57: services.orders.command: [a] -> [b].");
    }
}

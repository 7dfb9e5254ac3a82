package holdfast.core.healing;

import static holdfast.core.healing.Shop.HOSTS;
import static holdfast.core.healing.Shop.MILLI;
import static holdfast.core.healing.Shop.SECOND;
import static holdfast.core.healing.Shop.order;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.healing.detect.Signal;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Endpoint;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.isolate.Action;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// A leader over a shop that runs well: orders/k on hk, web/1 on h1.
final class HealingLoopTest {
    private static final Part.Instance WEB = new Part.Instance("web", 1);

    private final SortedMap<Part.Instance, Assignment> assignments = new TreeMap<>();
    private final SortedMap<Part.Instance, Endpoint> endpoints = new TreeMap<>();
    private final SortedMap<String, Incident> incidents = new TreeMap<>();
    private final SortedSet<String> orders = new TreeSet<>();
    private final SortedMap<String, Outcome> outcomes = new TreeMap<>();
    private HealingLoop loop = new HealingLoop(LoopConfig.DEFAULT);
    private long now;
    private long sequence;

    HealingLoopTest() {
        for (int number = 1; number <= 3; number++) put(order(number), HOSTS.get(number - 1));
        put(WEB, HOSTS.get(0));
    }

    private void put(Part.Instance instance, NodeId host) {
        Assignment assignment = Shop.assignment(instance, host, "a5-" + instance, true);
        assignments.put(instance, assignment);
        endpoints.put(instance, new Endpoint(instance, assignment.target(), host, 1));
    }

    private Ledger ledger() {
        return new Ledger(
                Shop.fleet("v1"),
                10,
                HOSTS.stream().map(host -> Shop.registration(host, 1)).toList(),
                List.copyOf(assignments.values()),
                List.copyOf(endpoints.values()),
                orders,
                outcomes,
                List.copyOf(incidents.values()));
    }

    private List<Order> elect(long epoch, String former) {
        now += 100 * MILLI;
        Input won = new Input.Elected(new Fence(epoch), ledger(), 1_700_000_000_000L, "n" + epoch, former, 200 * MILLI);
        return loop.step(List.of(won), now);
    }

    /// 100 ms in which everybody beats and, every 500 ms, everything answers well.
    private List<Order> pass(Input... more) {
        now += 100 * MILLI;
        sequence++;
        List<Input> inputs = new ArrayList<>();
        for (NodeId host : HOSTS) {
            if (sequence == 1) inputs.add(new Input.Heard(new Signal.Attached(host, 1)));
            inputs.add(new Input.Heard(new Signal.Heartbeat(host, 1, sequence, 0)));
            if (sequence % 5 != 0) continue;
            for (Assignment assignment : assignments.values()) {
                inputs.add(new Input.Heard(new Signal.Probed(
                        host, assignment.instance(), 0, assignment.target(), Signal.Result.OK, "", MILLI, 0, "")));
            }
        }
        inputs.addAll(List.of(more));
        return loop.step(inputs, now);
    }

    /// Carries out up to `most` orders as a driver would.
    private List<Order> carryOut(List<Order> turn, int most) {
        List<Order> done = turn.subList(0, Math.min(most, turn.size()));
        for (Order order : done) {
            switch (order) {
                case Order.Journal(var incident, var writes) -> {
                    if (incident != null) incidents.put(incident.id(), incident);
                    for (Write write : writes) {
                        switch (write) {
                            case Write.Assign(var assignment) -> assignments.put(assignment.instance(), assignment);
                            case Write.Publish(var endpoint) -> endpoints.put(endpoint.instance(), endpoint);
                            case Write.Withdraw(var instance) -> endpoints.remove(instance);
                            case Write.Unassign(var instance) -> assignments.remove(instance);
                            case Write.Deregister _ -> {}
                            case Write.Forget(var _, var id) -> {
                                orders.remove(id);
                                outcomes.remove(id);
                            }
                        }
                    }
                }
                case Order.Act(Action action) -> orders.add(action.id());
                case Order.Ask _ -> {}
            }
        }
        return done;
    }

    private static Input exit(int number) {
        NodeId host = HOSTS.get(number - 1);
        return new Input.Heard(new Signal.Exited(host, order(number), "a5-" + order(number), 137));
    }

    @Test
    void wellFleet_needsNothing() {
        assertThat(elect(5, "")).isEmpty();
        for (int step = 0; step < 100; step++) assertThat(pass()).isEmpty();
    }

    @Test
    void killedInstance_isJournaledWithItsIsolation_beforeItsRestartIsOrdered_inTheSameTurn() {
        elect(5, "");
        for (int step = 0; step < 30; step++) pass();
        List<Order> turn = pass(exit(2));
        carryOut(turn, turn.size());
        assertThat(turn.getLast()).isInstanceOf(Order.Act.class);
        assertThat(turn.subList(0, turn.size() - 1)).allMatch(Order.Journal.class::isInstance);
        assertThat(endpoints).doesNotContainKey(order(2)).containsKey(order(1));
        Incident incident = incidents.values().iterator().next();
        assertThat(incident.state()).isEqualTo(Incident.State.RECOVERING);
        assertThat(incident.times().isolated()).isPositive();
        String run = assignments.get(order(2)).run();
        assertThat(incident.deeds())
                .singleElement()
                .satisfies(deed -> assertThat(deed.action().id()).isEqualTo(run));
    }

    @Test
    void incident_closesOnlyWhenSeveralHostsVerified_andReturnsTheEndpointInTheSameWrite() {
        elect(5, "");
        for (int step = 0; step < 30; step++) pass();
        List<Order> turn = pass(exit(2));
        carryOut(turn, turn.size());
        String run = assignments.get(order(2)).run();
        List<Order> next = pass(new Input.Reported(run, new Outcome.Done(1)));
        carryOut(next, next.size());
        assertThat(incidents.values().iterator().next().state()).isEqualTo(Incident.State.VERIFYING);
        assertThat(endpoints).doesNotContainKey(order(2));
        Order.Journal closing = null;
        for (int step = 0; step < 30 && closing == null; step++) {
            List<Order> orders = pass();
            carryOut(orders, orders.size());
            if (!orders.isEmpty()) closing = (Order.Journal) orders.getLast();
        }
        assertThat(closing).isNotNull();
        assertThat(closing.incident()).isNotNull();
        assertThat(closing.incident().state()).isEqualTo(Incident.State.CLOSED);
        assertThat(closing.writes()).anyMatch(Write.Publish.class::isInstance);
        assertThat(closing.incident().entries())
                .anyMatch(entry -> entry.what().sentence().contains("h1 and h2 and h3 found it well"));
    }

    @Test
    void leaderLost_betweenAnyTwoOrders_isResumedWithTheSameAction_orWithNone() {
        int orderCount = 3;
        for (int carried = 0; carried <= orderCount; carried++) {
            HealingLoopTest life = new HealingLoopTest();
            life.elect(5, "");
            for (int step = 0; step < 30; step++) life.pass();
            List<Order> turn = life.pass(exit(2));
            life.carryOut(turn, carried);
            List<String> before = life.incidents.values().stream()
                    .flatMap(incident -> incident.deeds().stream())
                    .map(deed -> deed.action().id())
                    .toList();
            life.loop = new HealingLoop(LoopConfig.DEFAULT);
            life.sequence = 0;
            List<Order> all = new ArrayList<>(life.elect(6, ""));
            for (int step = 0; step < 30; step++) all.addAll(life.pass(exit(2)));
            List<String> acts = all.stream()
                    .filter(Order.Act.class::isInstance)
                    .map(order -> ((Order.Act) order).action().id())
                    .toList();
            assertThat(acts)
                    .as("orders carried out: " + carried)
                    .doesNotHaveDuplicates()
                    .hasSizeLessThanOrEqualTo(1);
            if (!before.isEmpty() && life.orders.isEmpty()) assertThat(acts).isEqualTo(before);
            if (!life.orders.isEmpty())
                assertThat(acts).as("sent before, so it is waited for").isEmpty();
        }
    }

    @Test
    void deposedLeader_emitsNothing() {
        elect(5, "");
        for (int step = 0; step < 30; step++) pass();
        assertThat(pass(exit(2), new Input.Deposed())).isEmpty();
        assertThat(pass(exit(1))).isEmpty();
        assertThat(loop.isLeading()).isFalse();
    }

    @Test
    void newLeader_writesDownHowLongNobodyLed() {
        List<Order> turn = elect(6, "n5");
        assertThat(turn).singleElement().satisfies(order -> {
            Incident incident = ((Order.Journal) order).incident();
            assertThat(incident).isNotNull();
            assertThat(incident.subject()).isEqualTo(new Part.Store());
            assertThat(incident.state()).isEqualTo(Incident.State.CLOSED);
            assertThat(incident.diagnosis().cause())
                    .isEqualTo("The loop's leader n5 was lost; n6 took over with epoch 6 after 200 ms.");
        });
    }

    @Test
    void emptyStore_isFilledFromTheFleet_oneInstanceEach() {
        assignments.clear();
        endpoints.clear();
        elect(5, "");
        List<Order> all = new ArrayList<>();
        for (int step = 0; step < 20; step++) {
            List<Order> turn = pass();
            carryOut(turn, turn.size());
            all.addAll(turn);
        }
        assertThat(all.stream().filter(Order.Act.class::isInstance))
                .as("orders first; web waits for them")
                .hasSize(3);
        assertThat(assignments.values()).extracting(Assignment::host).containsExactlyElementsOf(HOSTS);
        assertThat(now).isLessThan(10 * SECOND);
    }
}

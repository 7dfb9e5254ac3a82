package holdfast.core.redundancy.sentinel;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.redundancy.sentinel.Facts.Node;
import holdfast.core.redundancy.sentinel.Facts.Service;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class EventTest {
    private static final Node H1 = node(1, true);
    private static final Node H2 = node(2, true);

    private static Node node(int number, boolean up) {
        return new Node("" + number, "10.0.0." + number, 6379, up, 0);
    }

    private static Facts facts(boolean down, Node primary, Node... replicas) {
        Service service = new Service("shop", primary, down, down ? 5 : 0, 10, 1, 2_000, List.of(replicas));
        TreeMap<String, Service> services = new TreeMap<>();
        services.put("shop", service);
        return new Facts("me", 26379, services, List.of(node(2, true), node(3, true)), true, 0);
    }

    private static final Facts NOTHING = new Facts("me", 26379, new TreeMap<>(), List.of(), true, 0);

    private static List<String> between(Facts before, Facts now) {
        return Event.between(before, now).stream()
                .map(event -> event.channel() + " " + event.message())
                .toList();
    }

    @Test
    void services_firstSeen_areMonitored() {
        assertThat(between(NOTHING, facts(false, H1, H2)))
                .containsExactly(
                        "+monitor master shop 10.0.0.1 6379 quorum 2",
                        "+slave slave 10.0.0.2:6379 10.0.0.2 6379 @ shop 10.0.0.1 6379");
        assertThat(between(facts(false, H1, H2), facts(false, H1, H2))).isEmpty();
    }

    @Test
    void primary_goneAndBack_isDownAndUp() {
        assertThat(between(facts(false, H1), facts(true, H1)))
                .containsExactly("+sdown master shop 10.0.0.1 6379", "+odown master shop 10.0.0.1 6379 #quorum 3/2");
        assertThat(between(facts(true, H1), facts(false, H1)))
                .containsExactly("-sdown master shop 10.0.0.1 6379", "-odown master shop 10.0.0.1 6379");
    }

    @Test
    void primary_another_isSwitchedAndItsReplicasAreNamedAnew() {
        assertThat(between(facts(true, H1, H2), facts(false, H2, H1)))
                .containsExactly(
                        "+switch-master shop 10.0.0.1 6379 10.0.0.2 6379",
                        "+slave slave 10.0.0.1:6379 10.0.0.1 6379 @ shop 10.0.0.2 6379");
    }

    @Test
    void replica_goneOrNotStreaming_isDown() {
        String slave = " slave 10.0.0.2:6379 10.0.0.2 6379 @ shop 10.0.0.1 6379";
        assertThat(between(facts(false, H1, H2), facts(false, H1, node(2, false))))
                .containsExactly("+sdown" + slave);
        assertThat(between(facts(false, H1, node(2, false)), facts(false, H1, H2)))
                .containsExactly("-sdown" + slave);
        assertThat(between(facts(false, H1, H2), facts(false, H1))).containsExactly("+sdown" + slave);
    }
}

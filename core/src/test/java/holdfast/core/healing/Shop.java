package holdfast.core.healing;

import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.base.Ratio;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.CheckSpec;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.HostSpec;
import holdfast.core.healing.fleet.Limits;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Registration;
import holdfast.core.healing.fleet.Rung;
import holdfast.core.healing.fleet.ServiceSpec;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;

/// A small fleet for tests: three hosts, three instances of orders, and a web front that depends on them.
public final class Shop {
    public static final long MILLI = 1_000_000;
    public static final long SECOND = 1_000 * MILLI;
    public static final NodeId H1 = new NodeId("h1");
    public static final NodeId H2 = new NodeId("h2");
    public static final NodeId H3 = new NodeId("h3");
    public static final List<NodeId> HOSTS = List.of(H1, H2, H3);
    public static final CheckSpec HEALTH = new CheckSpec.Http("/health", CheckSpec.Timing.DEFAULT);

    private Shop() {}

    public static ServiceSpec service(
            String name, List<String> command, int instances, int port, List<String> dependsOn) {
        return new ServiceSpec(
                name,
                command,
                instances,
                port,
                List.of(),
                new TreeMap<>(),
                List.of(HEALTH),
                dependsOn,
                List.of(Rung.RESTART, Rung.MOVE, Rung.HAND_OVER),
                new Limits(3, Duration.ofMinutes(10), Ratio.percent(50)),
                Duration.ofSeconds(5),
                Duration.ofSeconds(1),
                false,
                new TreeMap<>());
    }

    public static ServiceSpec orders(String version) {
        return service("orders", List.of("orders", version), 3, 8_100, List.of());
    }

    public static List<HostSpec> hosts() {
        return List.of(new HostSpec(H1, "10.0.0.1"), new HostSpec(H2, "10.0.0.2"), new HostSpec(H3, "10.0.0.3"));
    }

    public static Fleet fleet(String version) {
        ServiceSpec web = service("web", List.of("web"), 1, 8_000, List.of("orders"));
        return new Fleet("shop", hosts(), List.of(orders(version), web));
    }

    public static Part.Instance order(int number) {
        return new Part.Instance("orders", number);
    }

    public static Registration registration(NodeId host, long createRevision) {
        String address = "10.0.0." + host.name().substring(1);
        return new Registration(host, address, address + ":7000", 1, createRevision, 2 * SECOND);
    }

    public static Assignment assignment(Part.Instance instance, NodeId host, String run, boolean proven) {
        ServiceSpec spec = fleet("v1").service(instance.service()).orElseThrow();
        String address = "10.0.0." + host.name().substring(1);
        return new Assignment(
                instance,
                host,
                address,
                spec.portOf(instance.number()),
                spec,
                10,
                Assignment.Desired.RUN,
                run,
                new Fence(5),
                proven,
                proven ? "" : "services.orders.command: [orders, v0] -> [orders, v1]",
                List.of(),
                List.of());
    }
}

package holdfast.core.proof.sim;

import holdfast.core.base.NodeId;
import holdfast.core.base.Ratio;
import holdfast.core.healing.fleet.CheckSpec;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.HostSpec;
import holdfast.core.healing.fleet.Limits;
import holdfast.core.healing.fleet.ServiceSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/// The fleet that simulated worlds run: orders, a web front that depends on it, and a worker that listens nowhere.
final class Fleets {
    private Fleets() {}

    /// @param nature of the order service's processes, see [SimProcess.Nature]
    /// @param version a different one needs a restart
    static Fleet shop(int hosts, String nature, int version) {
        List<HostSpec> specs = new ArrayList<>();
        for (int number = 1; number <= hosts; number++)
            specs.add(new HostSpec(new NodeId("h" + number), "10.0.0." + number));
        List<CheckSpec> health = List.of(new CheckSpec.Http("/health", CheckSpec.Timing.DEFAULT));
        return new Fleet(
                "shop",
                specs,
                List.of(
                        service("orders", List.of("orders", "v" + version, nature), 3, 8_100, health, List.of()),
                        service("web", List.of("web", "GOOD"), 1, 8_000, health, List.of("orders")),
                        service("worker", List.of("worker", "GOOD"), 1, 0, List.of(), List.of())));
    }

    private static ServiceSpec service(
            String name,
            List<String> command,
            int instances,
            int port,
            List<CheckSpec> checks,
            List<String> dependsOn) {
        return new ServiceSpec(
                name,
                command,
                instances,
                port,
                List.of(),
                new TreeMap<>(),
                checks,
                dependsOn,
                ServiceSpec.RECOVERY_DEFAULT,
                new Limits(3, Duration.ofMinutes(10), Ratio.percent(50)),
                Duration.ofSeconds(5),
                Duration.ofSeconds(1),
                false,
                new TreeMap<>());
    }
}

package holdfast.server.ledger;

import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;
import holdfast.core.base.Ratio;
import holdfast.core.base.Reason;
import holdfast.core.healing.Incident;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.CheckSpec;
import holdfast.core.healing.fleet.Endpoint;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.HostSpec;
import holdfast.core.healing.fleet.Limits;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Registration;
import holdfast.core.healing.fleet.Rung;
import holdfast.core.healing.fleet.ServiceSpec;
import holdfast.core.healing.isolate.Action;
import holdfast.core.healing.isolate.Step;
import holdfast.core.healing.locate.Diagnosis;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;

/// One good value of each kind.
public final class Samples {
    public static final NodeId H1 = new NodeId("h1");
    public static final Part.Instance ORDERS_2 = new Part.Instance("orders", 2);
    public static final Registration REGISTRATION =
            new Registration(H1, "10.0.0.1", "10.0.0.1:7001", 7, 12, 2_000_000_000L);
    public static final Endpoint ENDPOINT = new Endpoint(ORDERS_2, "10.0.0.1:8101", H1, 5);

    private Samples() {}

    public static ServiceSpec service() {
        return new ServiceSpec(
                "orders",
                List.of("java", "--port", "${port}"),
                3,
                8100,
                List.of(H1),
                new TreeMap<>(java.util.Map.of("A", "b")),
                List.of(
                        new CheckSpec.Http("/health", CheckSpec.Timing.DEFAULT),
                        new CheckSpec.Tcp(0, CheckSpec.Timing.DEFAULT),
                        new CheckSpec.Exec(List.of("true"), CheckSpec.Timing.DEFAULT)),
                List.of(),
                List.of(Rung.RESTART, Rung.MOVE, Rung.HAND_OVER),
                Limits.DEFAULT,
                Duration.ofSeconds(15),
                Duration.ofMillis(2_500),
                false,
                new TreeMap<>());
    }

    public static Fleet fleet() {
        return new Fleet("shop", List.of(new HostSpec(H1, "10.0.0.1")), List.of(service()));
    }

    public static Assignment assignment() {
        return new Assignment(
                ORDERS_2,
                H1,
                "10.0.0.1",
                8101,
                service(),
                5,
                Assignment.Desired.RUN,
                "a-1",
                new Fence(9),
                true,
                "",
                List.of(1L, 2L),
                List.of());
    }

    public static Action start(long epoch, String id) {
        return new Action(id, new Step.Start(assignment(), true), H1, new Fence(epoch), "i-1");
    }

    public static Incident incident(Incident.State state) {
        return new Incident(
                "i-1",
                state,
                ORDERS_2,
                new Diagnosis(
                        ORDERS_2,
                        Mode.EXITED,
                        true,
                        List.of(new Part.Host(H1), new Part.Store()),
                        "orders/2 ended with status 137.",
                        Ratio.percent(99),
                        List.of("its parent saw it end")),
                List.of(),
                List.of(ORDERS_2),
                new Incident.Times(1, 2, 3, 4, 5, 0),
                10,
                List.of(new Incident.Deed(
                        new Action("a-2", new Step.Stop(ORDERS_2, false, 0), H1, new Fence(9), "i-1"),
                        Rung.RESTART,
                        Incident.Deed.Status.DONE,
                        4,
                        5,
                        "")),
                List.of(new Incident.Entry(2, Incident.State.CONFIRMED, new Reason("exit", "It ended."))));
    }
}

package holdfast.core.healing.detect;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.CheckSpec;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.HostSpec;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.ServiceSpec;
import java.util.ArrayList;
import java.util.List;

/// Who probes whom, so that agents and the loop agree without a word: an instance is watched by its own host and
/// the next [#REMOTE_MAX] hosts after it in the ring of names; an observed one by as many hosts from a place that
/// its name gives.
public final class Watchers {
    /// Witnesses besides the own host.
    public static final int REMOTE_MAX = 3;

    private Watchers() {}

    /// One probe that a host makes again and again.
    ///
    /// @param check index into the service's checks
    /// @param target what [Signal.Probed#target] must say: `HOST:PORT`, or the run's id for an exec check
    public record Routine(Part.Instance instance, int check, CheckSpec spec, String target) {}

    /// Hosts that watch an instance that runs on `host`: its own first, then others in ring order.
    public static List<NodeId> of(Fleet fleet, NodeId host) {
        List<NodeId> ring = fleet.hosts().stream().map(HostSpec::name).toList();
        int start = ring.indexOf(host);
        List<NodeId> watchers = new ArrayList<>();
        if (start < 0) watchers.add(host);
        for (int step = 0; step < ring.size() && watchers.size() <= REMOTE_MAX; step++) {
            watchers.add(ring.get((Math.max(start, 0) + step) % ring.size()));
        }
        return watchers;
    }

    /// Hosts that watch instance `number` of an observed service.
    public static List<NodeId> ofObserved(Fleet fleet, int number) {
        List<NodeId> ring = fleet.hosts().stream().map(HostSpec::name).toList();
        List<NodeId> watchers = new ArrayList<>();
        for (int step = 0; step < Math.min(ring.size(), REMOTE_MAX); step++) {
            watchers.add(ring.get((number + step) % ring.size()));
        }
        return watchers;
    }

    /// All routine probes of `host`. An exec check is made by the instance's own host only.
    public static List<Routine> routine(Fleet fleet, List<Assignment> assignments, NodeId host) {
        List<Routine> probes = new ArrayList<>();
        for (Assignment assignment : assignments) {
            if (assignment.desired() != Assignment.Desired.RUN) continue;
            if (!of(fleet, assignment.host()).contains(host)) continue;
            List<CheckSpec> checks = assignment.spec().checks();
            for (int check = 0; check < checks.size(); check++) {
                CheckSpec spec = checks.get(check);
                if (spec.isRemote() || assignment.host().equals(host)) {
                    probes.add(new Routine(assignment.instance(), check, spec, target(assignment, spec)));
                }
            }
        }
        for (ServiceSpec service : fleet.services()) {
            if (service.observe()) probes.addAll(observed(fleet, service, host));
        }
        return probes;
    }

    private static List<Routine> observed(Fleet fleet, ServiceSpec service, NodeId host) {
        List<Routine> probes = new ArrayList<>();
        int number = 0;
        for (String address : service.at().values()) {
            number++;
            if (!ofObserved(fleet, number).contains(host)) continue;
            for (int check = 0; check < service.checks().size(); check++) {
                CheckSpec spec = service.checks().get(check);
                String target = observedTarget(spec, address);
                probes.add(new Routine(new Part.Instance(service.name(), number), check, spec, target));
            }
        }
        return probes;
    }

    /// What a probe of `spec` at an observed instance connects to.
    static String observedTarget(CheckSpec spec, String address) {
        return spec instanceof CheckSpec.Tcp(int port, CheckSpec.Timing _) && port != 0
                ? address.substring(0, address.lastIndexOf(':') + 1) + port
                : address;
    }

    /// What a probe of `spec` at `assignment` connects to.
    static String target(Assignment assignment, CheckSpec spec) {
        return switch (spec) {
            case CheckSpec.Http _ -> assignment.target();
            case CheckSpec.Tcp(int port, CheckSpec.Timing _) ->
                port == 0 ? assignment.target() : assignment.address() + ":" + port;
            case CheckSpec.Exec _ -> assignment.run();
        };
    }
}

package holdfast.core.healing.locate;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.ServiceSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/// The parts and their edges: an instance *runs on* a host, a service *depends on* services.
///
/// @param assignments where each instance is meant to run; observed instances have none
public record Topology(Fleet fleet, SortedMap<Part.Instance, Assignment> assignments) {

    /// Empty for an observed instance and for one that is nowhere.
    public Optional<NodeId> hostOf(Part.Instance instance) {
        return Optional.ofNullable(assignments.get(instance)).map(Assignment::host);
    }

    /// Instances that are meant to run on `host`, in order.
    public List<Part.Instance> on(NodeId host) {
        return assignments.values().stream()
                .filter(assignment -> assignment.host().equals(host))
                .filter(assignment -> assignment.desired() == Assignment.Desired.RUN)
                .map(Assignment::instance)
                .toList();
    }

    /// Services that `service` depends on directly, in the order of the fleet file.
    public List<ServiceSpec> dependencies(String service) {
        List<ServiceSpec> found = new ArrayList<>();
        fleet.service(service)
                .ifPresent(spec ->
                        spec.dependsOn().forEach(name -> fleet.service(name).ifPresent(found::add)));
        return found;
    }

    public List<Part.Instance> instances(ServiceSpec service) {
        List<Part.Instance> found = new ArrayList<>();
        for (int number = 1; number <= service.instances(); number++) {
            found.add(new Part.Instance(service.name(), number));
        }
        return found;
    }
}

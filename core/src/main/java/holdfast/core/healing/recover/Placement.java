package holdfast.core.healing.recover;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.ServiceSpec;
import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Predicate;

/// Chooses the host for an instance: up, allowed, fewest of its own service, then fewest of all, then first by
/// name.
public final class Placement {
    private Placement() {}

    /// @param isUp whether a host can take anything now
    /// @param assignments all of them; the instance's own does not count
    public static Optional<NodeId> choose(
            Part.Instance instance,
            ServiceSpec spec,
            Fleet fleet,
            Collection<Assignment> assignments,
            Predicate<NodeId> isUp) {
        Comparator<NodeId> siblings = Comparator.comparingLong(host -> assignments.stream()
                .filter(other -> other.host().equals(host) && !other.instance().equals(instance))
                .filter(other -> other.instance().service().equals(instance.service()))
                .count());
        Comparator<NodeId> all = Comparator.comparingLong(host -> assignments.stream()
                .filter(other -> other.host().equals(host) && !other.instance().equals(instance))
                .count());
        return fleet.allowed(spec).stream()
                .filter(isUp)
                .min(siblings.thenComparing(all).thenComparing(Comparator.naturalOrder()));
    }
}

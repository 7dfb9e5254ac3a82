package holdfast.core.healing.recover;

import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.FleetDiff;
import holdfast.core.healing.fleet.HostSpec;
import holdfast.core.healing.fleet.ServiceSpec;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/// Brings a changed spec to one instance at a time: the next is touched only when the one before is verified.
public final class Rollout {
    private Rollout() {}

    /// Whether the process must be started anew to be what the fleet says.
    public static boolean isOutdated(Assignment assignment, ServiceSpec spec, Fleet fleet) {
        if (!assignment.spec().runsLike(spec)) return true;
        Optional<HostSpec> host = fleet.host(assignment.host());
        return host.isEmpty() || !host.get().address().equals(assignment.address());
    }

    /// @param assignments of this service, in number order
    /// @param isWell whether an instance is verified and nothing speaks against it
    /// @return the instance to touch now; empty when there is none or one must be waited for
    public static Optional<Assignment> next(
            ServiceSpec spec, Fleet fleet, List<Assignment> assignments, Predicate<Assignment> isWell) {
        boolean underWay = assignments.stream()
                .anyMatch(assignment -> !isOutdated(assignment, spec, fleet) && !isWell.test(assignment));
        List<Assignment> outdated = assignments.stream()
                .filter(assignment -> isOutdated(assignment, spec, fleet))
                .toList();
        // What is ill anyway loses nothing by going first.
        Optional<Assignment> ill =
                outdated.stream().filter(assignment -> !isWell.test(assignment)).findFirst();
        if (ill.isPresent()) return ill;
        return underWay ? Optional.empty() : outdated.stream().findFirst();
    }

    /// What changed for the process of `former`, as a sentence.
    public static String change(Assignment former, ServiceSpec spec) {
        List<String> sentences = FleetDiff.between(former.spec(), spec);
        return sentences.isEmpty() ? "its host changed" : String.join("; ", sentences);
    }
}

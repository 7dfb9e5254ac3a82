package holdfast.core.proof.sim;

import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Registration;
import java.util.List;

/// Copies of records with one thing changed.
final class Records {
    private Records() {}

    static Assignment withoutRestarts(Assignment assignment) {
        return new Assignment(
                assignment.instance(),
                assignment.host(),
                assignment.address(),
                assignment.port(),
                assignment.spec(),
                assignment.fleetRevision(),
                assignment.desired(),
                assignment.run(),
                assignment.fence(),
                assignment.proven(),
                assignment.change(),
                List.of(),
                List.of());
    }

    static Registration withRevision(Registration registration, long createRevision) {
        return new Registration(
                registration.host(),
                registration.address(),
                registration.agentAddress(),
                registration.incarnation(),
                createRevision,
                registration.ttlNanos());
    }
}

package holdfast.server.ledger;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.healing.Incident;
import holdfast.core.healing.OperatorOrder;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Endpoint;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Registration;
import holdfast.core.healing.isolate.Action;

/// One change under the prefix, whoever made it.
public sealed interface Fact {
    record FleetApplied(Fleet fleet, long revision) implements Fact {}

    record HostRegistered(Registration registration) implements Fact {}

    /// @param createRevision of the registration that is gone; 0 when it was never seen
    record HostGone(NodeId host, long createRevision) implements Fact {}

    record Assigned(Assignment assignment) implements Fact {}

    record Unassigned(Part.Instance instance) implements Fact {}

    record Published(Endpoint endpoint) implements Fact {}

    record Withdrawn(Part.Instance instance) implements Fact {}

    record Ordered(Action action) implements Fact {}

    record Reported(String actionId, Outcome outcome) implements Fact {}

    record IncidentWritten(Incident incident) implements Fact {}

    record Asked(String askId, OperatorOrder order) implements Fact {}

    /// Candidates came or went: read them anew.
    record LeadersChanged() implements Fact {}
}

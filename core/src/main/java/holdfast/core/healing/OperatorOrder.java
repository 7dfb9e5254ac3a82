package holdfast.core.healing;

import holdfast.core.healing.fleet.Part;

/// What a person asks. People and detectors use one road: the same journal, fence, budget and verification.
public sealed interface OperatorOrder {

    /// Take it out of routing, restart it, verify it; on its ladder like a fault.
    record Restart(Part.Instance instance, String who) implements OperatorOrder {}

    /// Try the ladder of a handed-over incident again from its first rung.
    record Retry(String incidentId, String who) implements OperatorOrder {}
}

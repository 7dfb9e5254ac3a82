package holdfast.core.healing;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Part;

/// What a person asks. People and detectors use one road: the same journal, fence, budget and verification.
public sealed interface OperatorOrder {

    record Restart(Part.Instance instance, String who) implements OperatorOrder {}

    record Move(Part.Instance instance, NodeId to, String who) implements OperatorOrder {}

    /// Try the ladder of a handed-over incident again from its first rung.
    record Retry(String incidentId, String who) implements OperatorOrder {}
}

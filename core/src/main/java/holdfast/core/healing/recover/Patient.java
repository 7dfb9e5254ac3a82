package holdfast.core.healing.recover;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Rung;
import java.util.List;
import java.util.Optional;

/// What the planner must know of one instance.
///
/// @param tried rungs tried in this incident, oldest first
/// @param hostUp whether its host can act
/// @param safe whether its former run surely serves nobody, so that a second one may be started
/// @param target the host that it could be moved to
public record Patient(
        Assignment assignment,
        List<Rung> tried,
        boolean hostUp,
        boolean safe,
        Optional<NodeId> target,
        long nowMillis) {
    public Patient {
        tried = List.copyOf(tried);
    }
}

package holdfast.core.healing;

import holdfast.core.healing.detect.Probe;
import holdfast.core.healing.isolate.Action;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the driver must do, in the order given. When one is not known to have happened, nothing behind it may
/// start: the driver stops the turn, gives up its leadership and tells the loop with [Input.Deposed].
public sealed interface Order {

    /// Write all of it in one transaction, guarded by the leader's key.
    ///
    /// @param incident put under `incidents/<id>`; null when no incident is concerned (placement, rollout,
    ///     cleaning)
    record Journal(@Nullable Incident incident, List<Write> writes) implements Order {
        public Journal {
            writes = List.copyOf(writes);
        }
    }

    /// Put `orders/<host>/<id>` unless that key or `outcomes/<id>` exists, guarded by the leader's key. An
    /// existing one is fine: the action was sent before, and its outcome will be reported.
    record Act(Action action) implements Order {}

    /// Send the question down the witness' stream. May be lost; never blocks the turn.
    record Ask(Probe probe) implements Order {}
}

package holdfast.core.healing.recover;

import holdfast.core.base.NodeId;
import holdfast.core.base.Reason;

/// The next step on the way back of one instance.
public sealed interface Plan {
    Reason why();

    /// Start it again where it is.
    record Restart(Reason why) implements Plan {}

    /// Start it on `to`.
    record Move(NodeId to, Reason why) implements Plan {}

    /// Nothing now; look again later.
    record Wait(Reason why) implements Plan {}

    /// The ladder is used up.
    record HandOver(Reason why) implements Plan {}
}

package holdfast.core.healing;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Endpoint;
import holdfast.core.healing.fleet.Part;

/// A change of the ledger that belongs to a [Order.Journal], in the same guarded transaction.
public sealed interface Write {

    /// Put `instances/<service>/<n>`.
    record Assign(Assignment assignment) implements Write {}

    /// Delete `instances/<service>/<n>`.
    record Unassign(Part.Instance instance) implements Write {}

    /// Put `endpoints/<service>/<n>`, bound to the lease of its host's registration; when that is gone the
    /// endpoint is left out, the rest of the transaction stands.
    record Publish(Endpoint endpoint) implements Write {}

    /// Delete `endpoints/<service>/<n>`; none there is fine.
    record Withdraw(Part.Instance instance) implements Write {}

    /// Delete `hosts/<host>` and revoke its lease, so that its agent can write nothing more until it registers
    /// anew.
    record Deregister(NodeId host) implements Write {}

    /// Delete `orders/<host>/<action id>` and `outcomes/<action id>`: the loop will not ask for them again.
    record Forget(NodeId host, String actionId) implements Write {}
}

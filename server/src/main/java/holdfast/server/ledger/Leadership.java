package holdfast.server.ledger;

import holdfast.core.base.Bytes;
import holdfast.core.base.Fence;
import holdfast.server.client.Txn;

/// A term of office: what guards each write of the loop.
///
/// @param key the leader's key, which lives since revision `fence`
public record Leadership(Fence fence, Bytes key) {
    Txn guarded() {
        return new Txn().ifCreateRevision(key, fence.epoch());
    }
}

package holdfast.core.healing.recover.failover;

import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;

/// Who holds the primary's key.
///
/// @param fence create revision of the key
/// @param serving it takes writes; false while it is being promoted or about to leave
public record Holder(NodeId host, String address, int port, long term, Fence fence, boolean serving) {}

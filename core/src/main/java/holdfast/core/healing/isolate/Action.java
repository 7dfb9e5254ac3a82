package holdfast.core.healing.isolate;

import holdfast.core.base.Fence;
import holdfast.core.base.NodeId;

/// An order to one host: the value of `orders/<host>/<id>`. Its outcome goes to `outcomes/<id>`, once.
///
/// @param id unique for ever, and the same when the next leader sends it again; an agent does it at most once
/// @param fence of the leader that sends it; agents refuse lower ones than they have seen
/// @param incident id of the incident that it belongs to; empty for placement and rollout
public record Action(String id, Step step, NodeId on, Fence fence, String incident) {}

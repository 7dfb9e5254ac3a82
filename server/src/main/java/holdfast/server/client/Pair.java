package holdfast.server.client;

import holdfast.core.base.Bytes;

/// A key and its value with etcd's numbers.
///
/// @param createRevision when its present life began
/// @param modRevision when it was last written
/// @param lease the lease that it is bound to, 0 for none
public record Pair(Bytes key, Bytes value, long createRevision, long modRevision, long lease) {}

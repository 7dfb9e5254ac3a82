package holdfast.core.truth;

import holdfast.core.base.Bytes;

/// One key as it stood at `modRevision` (etcd v3 API, `mvccpb.KeyValue`).
///
/// @param createRevision revision that began the key's present life
/// @param version puts since then, from 1
/// @param lease the lease that it dies with, 0 for none
public record KeyValue(Bytes key, Bytes value, long createRevision, long modRevision, long version, long lease) {}

/// The etcd v3 door: gRPC on one client port, with plain HTTP pages beside it.
///
/// In: calls of etcd clients. Out: what the [holdfast.server.truth.Store] answers, in etcd's messages and etcd's words.
/// Start reading at [EtcdDoor]; one class for each service.
///
/// Each call lives on one event loop, which never waits: it hands to the store and is called back. Only locks and
/// elections, which wait by nature, run on virtual threads. Does not know Raft, disks or other doors.
@NullMarked
package holdfast.server.truth.etcd;

import org.jspecify.annotations.NullMarked;

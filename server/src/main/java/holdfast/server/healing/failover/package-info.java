/// Keeps a member of a cluster of one primary and its replicas, whatever the server is.
///
/// In: a [holdfast.core.healing.fleet.ClusterSpec], the keys of the cluster and an [Engine], the server's hands and
/// eyes. Out: a server that is what `core.healing.recover.failover` decided, and what this member says of itself. Start
/// reading at [Keeper].
///
/// Knows the store through `server.client` only. Every move of a primary is guarded by its key;
/// [holdfast.server.healing.act.Guard] ends the server when the key may be another's.
@NullMarked
package holdfast.server.healing.failover;

import org.jspecify.annotations.NullMarked;

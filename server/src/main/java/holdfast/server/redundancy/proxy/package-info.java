/// Stands between the clients of a PostgreSQL service and its primary on each host: follows the primary, holds what
/// begins while there is none, cuts what belongs to a former one.
///
/// In: connections on two ports, and the keys of the service in the store. Out: the same bytes at the right server.
/// Start reading at [PostgresProxy]; a [Desk] is one event loop with its [Session]s, a [Session] one client.
///
/// Does not elect or promote anybody, and pools nothing: a client has a backend of its own while it needs one. Knows
/// the store through `server.client` only. What the protocol means, `core.redundancy.proxy` says.
@NullMarked
package holdfast.server.redundancy.proxy;

import org.jspecify.annotations.NullMarked;

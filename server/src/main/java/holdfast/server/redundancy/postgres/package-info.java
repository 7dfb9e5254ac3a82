/// The PostgreSQL proxy's sessions: takes logins, holds what begins while there is no primary, carries a session to
/// another server between its transactions, ends what belongs to a former primary.
///
/// In: clients that a [holdfast.server.redundancy.proxy.Desk] took in. Out: the same bytes at the right server. Start
/// reading at [PostgresProxy]; a [Session] is one client.
///
/// Pools nothing: a client has a backend of its own while it needs one. What the protocol means,
/// `core.redundancy.proxy` says.
@NullMarked
package holdfast.server.redundancy.postgres;

import org.jspecify.annotations.NullMarked;

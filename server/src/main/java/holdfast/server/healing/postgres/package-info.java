/// Hands and eyes of a PostgreSQL member: runs its server, looks at it, keeps its place in the store.
///
/// In: the fleet's [holdfast.core.healing.fleet.PostgresSpec] and the keys of the cluster. Out: a server that is what
/// `core.healing.recover.postgres` decided, and what this member says of itself. Start reading at [Keeper].
///
/// Knows the store through `server.client` only. Every move of a primary is guarded by its key;
/// [holdfast.server.healing.act.Guard]
/// ends the server when the key may be another's.
@NullMarked
package holdfast.server.healing.postgres;

import org.jspecify.annotations.NullMarked;

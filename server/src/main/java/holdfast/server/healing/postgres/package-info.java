/// Hands and eyes of a PostgreSQL member: makes its data, runs its server, looks at it.
///
/// In: the fleet's [holdfast.core.healing.fleet.PostgresSpec] and what `server.healing.failover` asks for. Out: a
/// server process and what it says of itself. Start reading at [PostgresEngine].
@NullMarked
package holdfast.server.healing.postgres;

import org.jspecify.annotations.NullMarked;

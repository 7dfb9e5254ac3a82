/// Redis and Valkey as an engine of `server.healing.failover`: runs the server, looks at it, tells it whom to follow.
///
/// In: [holdfast.core.healing.fleet.RedisSpec] and what the keeper decided. Out: a server that is that, and what it is
/// now. Start reading at [RedisEngine]; [Setting] has what a Redis does not know of itself: which history its data is.
@NullMarked
package holdfast.server.healing.redis;

import org.jspecify.annotations.NullMarked;

/// A port on which this host answers those who ask Redis Sentinel where a primary is, and tells them when it moves.
///
/// In: connections, and the keys of the fleet's Redis services. Out: what `core.redundancy.sentinel` says. Start
/// reading at [SentinelPort]. Knows the store through `server.client` only; a failover that a client asks for is handed
/// to whoever opened the port.
@NullMarked
package holdfast.server.redundancy.sentinel;

import org.jspecify.annotations.NullMarked;

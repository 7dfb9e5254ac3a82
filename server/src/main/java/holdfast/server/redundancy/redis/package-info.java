/// The Redis proxy's sessions: pass commands to the primary and replies back, hold what begins while there is no
/// primary, carry a session to another server between its commands, keep replies to writes until replicas have them
/// where the service wants that, end what belongs to a former primary.
///
/// In: clients that a [holdfast.server.redundancy.proxy.Desk] took in. Out: the same bytes at the right server. Start
/// reading at [RedisProxy]; a [Session] is one client.
///
/// Pools nothing: a client has a backend of its own while it needs one. What the protocol means,
/// `core.redundancy.resp` says.
@NullMarked
package holdfast.server.redundancy.redis;

import org.jspecify.annotations.NullMarked;

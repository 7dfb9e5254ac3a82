/// What every proxy to a service with one primary has in common: follows the primary by the service's keys, takes
/// clients in on two ports, says what becomes of a connection to a server when the primary changes, and lets no answer
/// pass after a stall before the store has confirmed who the primary is.
///
/// In: connections on two ports, and the keys of the service in the store. Out: [Guest]s that are told what changes.
/// Start reading at [Proxy]; a [Desk] is one event loop with its guests; a [Pursuit] is a guest that has a server.
///
/// Does not know what clients and servers say to each other: `server.redundancy.postgres` and `.redis` bring their own
/// guests, by a [Reception], and each its [Line]. Elects and promotes nobody. Knows the store through
/// `server.client` only.
@NullMarked
package holdfast.server.redundancy.proxy;

import org.jspecify.annotations.NullMarked;

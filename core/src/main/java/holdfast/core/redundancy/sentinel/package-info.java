/// What a host says to those who ask Redis Sentinel for a primary: the commands and events of Sentinel 7, told from
/// what the store knows of the fleet's Redis services. Nothing is watched, judged or voted here.
///
/// In: commands, and [Facts] as they change. Out: replies and [Event]s. Start reading at [Visitor], one client.
///
/// Does not know sockets or the store; `server.redundancy.sentinel` does.
@NullMarked
package holdfast.core.redundancy.sentinel;

import org.jspecify.annotations.NullMarked;

/// What Redis' protocol means to somebody who stands between a client and a server: where a command or a reply ends,
/// whether replies are owed, what may have written, and what a session must take along to another server.
///
/// In: bytes of both directions as they pass. Out: [Frames], [Command]s, the state of a [Conversation], what is
/// [Carried]. Start reading at [Conversation]. [Reply] is for those who answer commands themselves.
///
/// Does not know sockets, the store or which server is the primary; `server.redundancy.redis` does.
@NullMarked
package holdfast.core.redundancy.resp;

import org.jspecify.annotations.NullMarked;

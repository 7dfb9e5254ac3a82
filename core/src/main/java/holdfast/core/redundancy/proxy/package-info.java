/// What PostgreSQL's messages mean to somebody who stands between a client and a server: where one ends, whether
/// answers are owed, and what a session must take along to another server.
///
/// In: bytes of both directions as they pass. Out: [Frames], the state of a [Conversation], what is [Carried]. Start
/// reading at [Conversation].
///
/// Does not know sockets, the store or which server is the primary; `server.redundancy.proxy` does.
@NullMarked
package holdfast.core.redundancy.proxy;

import org.jspecify.annotations.NullMarked;

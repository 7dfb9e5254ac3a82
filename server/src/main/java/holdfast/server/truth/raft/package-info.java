/// Orders entries by Raft, with MicroRaft as the engine (docs/decisions). The only room that knows the engine.
///
/// Start reading at [RaftLog]. Does not know what an entry means.
@NullMarked
package holdfast.server.truth.raft;

import org.jspecify.annotations.NullMarked;

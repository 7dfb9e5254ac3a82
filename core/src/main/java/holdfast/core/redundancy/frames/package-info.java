/// How the bytes of a connection are cut into what its protocol speaks in, while they pass.
///
/// In: chunks of bytes as they come. Out: pieces of them, and nothing is copied that need not be. Start reading at
/// [Cutter].
///
/// Does not know any protocol: `core.redundancy.proxy` and `.resp` do.
@NullMarked
package holdfast.core.redundancy.frames;

import org.jspecify.annotations.NullMarked;

/// When whoever holds a lock must let go of it, so that two never act at once.
///
/// In: what became of renewals and of the command, and the time on a clock that counts suspend. Out: orders, in the
/// order in which they must happen. Start reading at [Hold].
///
/// Does not know what a process or a store is; `server.redundancy.lock` carries the orders out.
@NullMarked
package holdfast.core.redundancy.lock;

import org.jspecify.annotations.NullMarked;

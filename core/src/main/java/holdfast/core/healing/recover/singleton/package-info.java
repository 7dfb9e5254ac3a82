/// Decides what one host does for a service that is active on one host at a time: stand by, act, restart, let go.
///
/// In: what became of the process, of the right to act and of the checks. Out: orders. Start reading at [Singleton].
///
/// Does not decide who gets the right nor when it ends: a lock's queue in the store does, and
/// `core.redundancy.lock.Hold`.
@NullMarked
package holdfast.core.healing.recover.singleton;

import org.jspecify.annotations.NullMarked;

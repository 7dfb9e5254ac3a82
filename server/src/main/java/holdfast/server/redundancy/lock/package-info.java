/// Runs a command while it holds a lock in any etcd v3 store, and ends it in time when the lock is lost.
///
/// In: a lock's name and a command. Out: [Ran], and the queue of a lock as [Stand]s. Start reading at [LockRun];
/// [LockQueue] takes the lock as etcd's own concurrency recipe does, so that `etcdctl lock` and this exclude each
/// other.
///
/// Decides nothing about time: `core.redundancy.lock` does. Knows the store through `server.client` only.
@NullMarked
package holdfast.server.redundancy.lock;

import org.jspecify.annotations.NullMarked;

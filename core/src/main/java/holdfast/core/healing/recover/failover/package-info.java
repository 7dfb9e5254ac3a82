/// Decides who is the primary of a cluster, and what each member does next.
///
/// In: [View], what one member sees of the store, of the others and of its own server. Out: one [Move] at a time; the
/// view is read afresh before the next. Start reading at [Failover]; [Rule] says why no acknowledged commit
/// is lost, [SyncSet] how the set that must acknowledge changes.
@NullMarked
package holdfast.core.healing.recover.failover;

import org.jspecify.annotations.NullMarked;

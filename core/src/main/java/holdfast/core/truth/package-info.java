/// The rules of the keyspace: what every replica does with one entry of the log.
///
/// In: `Batch`es in log order, and range reads. Out: replies, events and the writes for a [Shelf]. Start
/// reading at `Keyspace`.
///
/// Does not know who ordered the entries, where the bytes lie, or which protocol asked.
@NullMarked
package holdfast.core.truth;

import org.jspecify.annotations.NullMarked;

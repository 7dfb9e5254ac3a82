/// Judges what clients of a store recorded while it was hurt.
///
/// In: a [History] (calls with their times and answers, what watchers heard, how leases were renewed), all as values.
/// Out: [Violation]s, each with a code, a sentence and the lines of the history that prove it. Start reading at
/// [HistoryJudge]; the search for an order is in [Linearizer], what an order must fulfil in [KeyspaceModel].
///
/// Does not know how a history was recorded, nor which store it is: any etcd v3 will do.
@NullMarked
package holdfast.core.proof;

import org.jspecify.annotations.NullMarked;

package holdfast.core.truth;

/// Where a replica's state stands. Written with every batch, in the same write set.
///
/// @param appliedIndex log index of the last batch applied, 0 before the first
/// @param appliedTerm term of that batch, 0 before the first; never falls
/// @param logMillis the newest leader clock seen in the log; never falls
/// @param revision etcd's revision: 1 on a fresh store, moves only when the etcd space changes
/// @param compactRevision the oldest readable revision; -1 before the first compaction (as etcd says it)
public record Tip(long appliedIndex, long appliedTerm, long logMillis, long revision, long compactRevision) {
    /// A store that has applied nothing.
    public static final Tip FRESH = new Tip(0, 0, 0, 1, -1);
}

package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.Check;

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

    /// For reads of the newest state, which need not know its revision.
    static final Tip NEWEST = new Tip(0, 0, 0, Long.MAX_VALUE, -1);

    private static final int FORMAT = 2; // counters of other protocols follow in a later format

    static Tip of(ShelfView view) {
        Bytes row = view.get(Tables.TIP);
        if (row == null) return FRESH;
        Reel reel = new Reel(row, 0);
        int format = reel.raw();
        Check.invariant(format == FORMAT, "the state was written in format %d, this program knows %d", format, FORMAT);
        return new Tip(reel.fixedLong(), reel.fixedLong(), reel.fixedLong(), reel.fixedLong(), reel.fixedLong());
    }

    Bytes encode() {
        return new Pen(41)
                .raw(FORMAT)
                .fixed(appliedIndex)
                .fixed(appliedTerm)
                .fixed(logMillis)
                .fixed(revision)
                .fixed(compactRevision)
                .done();
    }
}

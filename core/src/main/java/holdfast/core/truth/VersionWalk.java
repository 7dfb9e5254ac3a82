package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.Arrays;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/// Finds which keys lived at one revision. Walks the versions table in key order, newest first within a key,
/// and takes the first version of each key at or below the revision. A key with many versions is not walked
/// through: after [#STEPS_MAX] useless ones the walk jumps.
final class VersionWalk implements BiPredicate<Bytes, Bytes> {
    private static final int STEPS_MAX = 16;
    private static final Bytes LAST_STAMP =
            new Pen(12).fixed(-1L).fixed(-1).raw(0).done();

    /// A key that lived: where its row lies in history.
    interface Visit {
        /// @return whether to go on
        boolean found(Bytes key, long revision, int sub);
    }

    private final long atRevision;
    private final Visit visit;
    private Bytes stem = Bytes.EMPTY;
    private boolean settled;
    private int useless;
    private @Nullable Bytes resume;

    private VersionWalk(long atRevision, Visit visit) {
        this.atRevision = atRevision;
        this.visit = visit;
    }

    static void over(ShelfView view, KeyRange range, long atRevision, Visit visit) {
        if (range.isEmpty()) return;
        VersionWalk walk = new VersionWalk(atRevision, visit);
        KeyRange rows = Tables.versions(range);
        Bytes from = rows.start();
        while (from != null) {
            walk.resume = null;
            view.scan(new KeyRange(from, rows.end()), walk);
            from = walk.resume;
        }
    }

    @Override
    public boolean test(Bytes row, Bytes kind) {
        int stemBytes = row.size() - Tables.STAMP_BYTES;
        if (!isStem(row, stemBytes)) {
            stem = row.slice(0, stemBytes);
            settled = false;
            useless = 0;
        }
        if (settled) return ++useless <= STEPS_MAX || jump(LAST_STAMP);
        long revision = Tables.revisionOfVersion(row);
        if (revision > atRevision)
            return ++useless <= STEPS_MAX || jump(new Pen(8).fixed(~atRevision).done());
        settled = true;
        return kind.at(0) == 0 || visit.found(Tables.keyOfVersion(row), revision, Tables.subOfVersion(row));
    }

    private boolean isStem(Bytes row, int stemBytes) {
        return stem.size() == stemBytes
                && Arrays.equals(row.unsafeArray(), 0, stemBytes, stem.unsafeArray(), 0, stemBytes);
    }

    private boolean jump(Bytes stamp) {
        resume = stem.concat(stamp);
        useless = 0;
        return false;
    }
}

package holdfast.core.truth;

import holdfast.core.base.Bytes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Removes history that lies below the compact revision and can no longer be read.
///
/// Each change names the version that it replaced. So one walk over the changes from the last compact revision
/// up to the present one finds all garbage without looking at anything else: the version that a change replaced
/// goes, and a delete goes itself once it lies below. What stays below the compact revision is the newest
/// version of each living key. The walk's place is kept on the shelf in the same write set as the removals, so
/// it goes on after a crash.
///
/// Worked example: put a at 2, put a at 3, delete b at 4, put a at 5; compact at 4. The walk from 1 to 4
/// removes `a@2` (replaced by 3) and what `b@4` replaced. `a@3` stays: it is what a read at 4 sees. Compact at
/// 6: the walk from 4 to 6 removes `b@4` itself, and `a@3`, replaced by 5.
final class Scrub {

    /// @param target the compact revision that this walk is for
    /// @param from the one of the walk before: changes right at it are looked at twice
    /// @param revision next change to look at, with `sub`
    private record Place(long target, long from, long revision, int sub) {
        private static final Place START = new Place(0, 0, 1, 0); // done with nothing

        static Place of(ShelfView view) {
            Bytes row = view.get(Tables.SCRUB);
            if (row == null) return START;
            Reel reel = new Reel(row, 0);
            return new Place(reel.fixedLong(), reel.fixedLong(), reel.fixedLong(), reel.fixedInt());
        }

        Bytes encode() {
            return new Pen(28)
                    .fixed(target)
                    .fixed(from)
                    .fixed(revision)
                    .fixed(sub)
                    .done();
        }

        boolean isDone() {
            return revision > target;
        }

        /// The last walk's target is looked at again: changes right at it were kept for watchers that start
        /// there.
        Place towards(long compactRevision) {
            return isDone() && compactRevision > target
                    ? new Place(compactRevision, /* from= */ target, /* revision= */ target, 0)
                    : this;
        }
    }

    private final ShelfView view;
    private final int maxRows;
    private final List<Bytes> garbage = new ArrayList<>();
    private @Nullable Place stopped;
    private int seen;
    private long freedBytes;

    private Scrub(ShelfView view, int maxRows) {
        this.view = view;
        this.maxRows = maxRows;
    }

    /// Whether nothing lies on the shelf that cannot be read.
    static boolean isDone(ShelfView view) {
        return Place.of(view).towards(Tip.of(view).compactRevision()).isDone();
    }

    static boolean step(Shelf shelf, int maxRows) {
        long compactRevision = Tip.of(shelf).compactRevision();
        Place last = Place.of(shelf);
        Place place = last.towards(compactRevision);
        if (place.isDone()) return false;
        Place next = new Scrub(shelf, maxRows).from(place, shelf);
        return !next.isDone() || compactRevision > next.target();
    }

    private Place from(Place place, Shelf shelf) {
        view.scan(
                Tables.history(place.revision(), place.sub(), place.target()),
                (row, change) -> look(place, row, change));
        Place next = stopped == null ? new Place(place.target(), place.from(), place.target() + 1, 0) : stopped;
        Shelf.WriteSet set = shelf.newWriteSet();
        for (Bytes row : garbage) set.delete(row);
        set.put(Tables.SCRUB, next.encode());
        if (freedBytes > 0) {
            Stock stock = Stock.of(view);
            set.put(
                    Tables.STOCK,
                    stock.with(stock.bytes() - freedBytes, stock.keys()).encode());
        }
        shelf.write(set);
        return next;
    }

    private boolean look(Place place, Bytes row, Bytes encoded) {
        long target = place.target();
        long revision = Tables.revisionOfHistory(row);
        int sub = Tables.subOfHistory(row);
        if (seen++ == maxRows) {
            stopped = new Place(target, place.from(), revision, sub);
            return false;
        }
        Change change = Change.decode(encoded);
        boolean goneBefore = revision == place.from() && change.beforeRevision() < place.from();
        if (change.beforeRevision() != 0 && change.beforeRevision() < target && !goneBefore)
            discard(change.key(), change.beforeRevision(), change.beforeSub(), change.beforeBytes());
        if (change.row().gone() && revision < target)
            discard(change.key(), revision, sub, Stock.bytesOf(change.key(), change.row()));
        return true;
    }

    private void discard(Bytes key, long revision, int sub, long bytes) {
        freedBytes += bytes;
        garbage.add(Tables.history(revision, sub));
        garbage.add(Tables.version(key, revision, sub));
    }
}

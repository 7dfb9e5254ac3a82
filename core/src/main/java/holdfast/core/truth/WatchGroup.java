package holdfast.core.truth;

import holdfast.core.base.KeyRange;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Watchers that want the same, and the batches that some of them have not taken yet. A batch is there once, however
/// many wait for it: each live watcher only knows which it takes next.
final class WatchGroup {
    final long id;
    final Wish wish;
    final Map<Long, Seat> seats = new LinkedHashMap<>();
    private Kept oldest = new Kept(); // the first that somebody has not taken
    private Kept next = oldest; // empty; the next batch comes here
    private int keptEvents;
    private long keptBytes;

    WatchGroup(long id, Wish wish) {
        this.id = id;
        this.wish = wish;
    }

    record Wish(KeyRange range, boolean puts, boolean deletes) {
        static Wish of(WatchBoard.Watcher watcher) {
            return new Wish(watcher.range(), watcher.puts(), watcher.deletes());
        }

        boolean wants(Event event) {
            return switch (event.kind()) {
                case PUT -> puts;
                case DELETE -> deletes;
            };
        }
    }

    /// A batch and how many live watchers have not taken it.
    static final class Kept {
        private @Nullable EventBatch batch;
        private int holders;
        private @Nullable Kept after;

        @Nullable
        EventBatch batch() {
            return batch;
        }

        Kept after() {
            if (after == null) after = new Kept();
            return after;
        }
    }

    /// One watcher.
    static final class Seat {
        final long id;
        final WatchBoard.Watcher watcher;
        final WatchGroup group;
        long nextRevision; // nothing below it is wanted that was not delivered
        boolean underWay;
        long takenRevision; // everything up to here was taken, while something is under way

        @Nullable
        Kept taken; // live: the first that it has not taken

        @Nullable
        Kept given; // live: the first that it was not given

        Seat(long id, WatchBoard.Watcher watcher, WatchGroup group, long nextRevision) {
            this.id = id;
            this.watcher = watcher;
            this.group = group;
            this.nextRevision = nextRevision;
        }

        /// Else it is catching up.
        boolean isLive() {
            return taken != null;
        }
    }

    long keptBytes() {
        return keptBytes;
    }

    boolean isOver(WatchBoard.Room room) {
        return keptEvents > room.eventsMax() || keptBytes > room.bytesMax();
    }

    boolean isEnd(Kept kept) {
        return kept == next;
    }

    /// From here on the watcher is fed by [#keep].
    void enter(Seat seat) {
        seat.taken = next;
        seat.given = next;
    }

    /// It is fed from history from here on.
    void leave(Seat seat) {
        for (Kept kept = seat.taken; kept != null && kept != next; kept = kept.after()) kept.holders--;
        seat.taken = null;
        seat.given = null;
        settle();
    }

    /// Keeps a batch for all that are live. Whoever does not want it says so by [#takeGiven].
    Kept keep(EventBatch batch) {
        Kept kept = next;
        kept.batch = batch;
        next = kept.after();
        for (Seat seat : seats.values()) if (seat.isLive()) kept.holders++;
        keptEvents += batch.events().size();
        keptBytes += batch.bytes();
        settle();
        return kept;
    }

    /// The watcher took what it was given.
    void takeGiven(Seat seat) {
        for (Kept kept = seat.taken; kept != null && kept != seat.given; kept = kept.after()) kept.holders--;
        seat.taken = seat.given;
        settle();
    }

    /// Throws the oldest batch away.
    ///
    /// @param behind told who has not taken it; they left
    void throwOldestAway(Consumer<Seat> behind) {
        Kept gone = oldest;
        for (Seat seat : seats.values()) {
            if (seat.taken != gone) continue;
            leave(seat);
            behind.accept(seat);
        }
    }

    boolean isEmpty() {
        return oldest == next;
    }

    private void settle() {
        while (oldest != next && oldest.holders == 0) {
            EventBatch batch = oldest.batch;
            if (batch != null) {
                keptEvents -= batch.events().size();
                keptBytes -= batch.bytes();
            }
            oldest = oldest.after();
        }
    }
}

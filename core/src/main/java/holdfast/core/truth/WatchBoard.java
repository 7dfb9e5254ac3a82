package holdfast.core.truth;

import holdfast.core.base.Check;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Require;
import holdfast.core.truth.WatchGroup.Kept;
import holdfast.core.truth.WatchGroup.Seat;
import holdfast.core.truth.WatchGroup.Wish;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Who watches what, and how far each has come. Pure, one thread (the one that applies). A watcher is *live*
/// (fed by [#offer]) or *catching up* (fed from history by [#catchUp]): that is who starts in the past, and who
/// took so long that what waited for it was thrown away. An apply never waits for a watcher.
///
/// A watcher has at most one [Delivery] under way; [#taken] says that it was handed on and returns the next
/// one. Deliveries hold whole revisions and come in revision order, each event once. Watchers of the same range
/// share the batches that they are given.
///
/// Worked example, room for 3 events: a watcher takes its time over the delivery of revision 5. Revisions 6 and 7
/// are kept with 5; when 8 comes, 5 is thrown away, and the watcher is catching up. It takes 5, and is given 6 to 20
/// from history. With 20 the newest, it is live again.
public final class WatchBoard {
    private static final int STEP_COST_LEAST = 16; // a step that finds nothing has read something all the same
    private static final int BYTES_PER_EVENT = 1_024; // of a large event each such piece costs like one
    private static final int DELIVERY_BYTES = 64 << 10; // of batches that waited, unless one alone is larger

    /// What is kept for watchers that take their time. What does not fit is read from history later.
    ///
    /// @param eventsMax events kept for the watchers of one range, from 1; an idle one is handed a whole batch
    /// @param bytesMax bytes of the events kept for the watchers of one range, from 1
    /// @param allBytesMax bytes kept for all watchers together, from 1
    public record Room(int eventsMax, long bytesMax, long allBytesMax) {
        public Room {
            Require.atLeast("watch room", eventsMax, 1);
            Require.atLeast("watch room bytes", bytesMax, 1);
            Require.atLeast("watch room of all, bytes", allBytesMax, 1);
        }

        /// Counts events only.
        static Room ofEvents(int eventsMax) {
            return new Room(eventsMax, Long.MAX_VALUE, Long.MAX_VALUE);
        }
    }

    /// @param range what to watch; an empty one matches nothing
    /// @param fromRevision first revision wanted; 0 means the next one; may lie in the future
    /// @param wantsBefore whether replayed events must carry the pair before them (live ones always do)
    public record Watcher(KeyRange range, long fromRevision, boolean wantsBefore, boolean puts, boolean deletes) {}

    public sealed interface Delivery {
        long watchId();

        /// @param revision at least that of every event, and every matching event up to it was delivered
        record Events(long watchId, long revision, List<EventBatch> batches) implements Delivery {
            public List<Event> events() {
                return EventBatch.eventsOf(batches);
            }
        }

        /// The next revision that the watcher needs is gone. The watcher is, too.
        record Compacted(long watchId, long compactRevision) implements Delivery {}
    }

    private final Room room;
    private final LinkedHashMap<Long, Seat> seats = new LinkedHashMap<>();
    private final LinkedHashMap<Wish, WatchGroup> groups = new LinkedHashMap<>();
    private final RangeIndex<WatchGroup> index = new RangeIndex<>();
    private final LinkedHashSet<Long> behind = new LinkedHashSet<>(); // catching up, nothing under way
    private long revision;
    private long lastId; // of watchers and groups
    private long keptBytes; // of all groups

    /// @param revision the store's revision now
    public WatchBoard(long revision, Room room) {
        this.revision = revision;
        this.room = room;
    }

    /// @return the watcher's id on this board, from 1, never used twice
    public long add(Watcher watcher) {
        long from = watcher.fromRevision() <= 0 ? revision + 1 : watcher.fromRevision();
        WatchGroup group = groups.computeIfAbsent(Wish.of(watcher), this::found);
        Seat seat = new Seat(++lastId, watcher, group, from);
        seats.put(seat.id, seat);
        group.seats.put(seat.id, seat);
        if (from <= revision) catchUpFrom(seat, from);
        else group.enter(seat);
        return seat.id;
    }

    private WatchGroup found(Wish wish) {
        WatchGroup group = new WatchGroup(++lastId, wish);
        index.add(wish.range(), group.id, group);
        return group;
    }

    /// Forgets a watcher; nothing of it is delivered after this. Unknown ids are ignored.
    public void cancel(long watchId) {
        Seat seat = seats.remove(watchId);
        if (seat == null) return;
        behind.remove(watchId);
        WatchGroup group = seat.group;
        group.seats.remove(watchId);
        change(group, () -> group.leave(seat));
        if (!group.seats.isEmpty()) return;
        groups.remove(group.wish);
        index.remove(group.wish.range(), group.id);
    }

    /// Counts what a change of a group does to the bytes of all.
    private void change(WatchGroup group, Runnable change) {
        keptBytes -= group.keptBytes();
        change.run();
        keptBytes += group.keptBytes();
    }

    /// Hands the events of one applied batch to the watchers that match. A batch at or below the revision of a
    /// [#restored] is ignored: its events come from history.
    ///
    /// @return deliveries that can start now
    public List<Delivery> offer(Applied applied) {
        Map<WatchGroup, List<Event>> matched = new LinkedHashMap<>();
        for (Event event : applied.events()) {
            if (event.now().modRevision() <= revision) continue; // a restore was quicker
            index.find(event.now().key(), group -> {
                if (group.wish.wants(event))
                    matched.computeIfAbsent(group, _ -> new ArrayList<>()).add(event);
            });
        }
        revision = Math.max(revision, applied.revision());
        List<Delivery> deliveries = new ArrayList<>();
        matched.forEach((group, events) -> change(group, () -> offer(group, EventBatch.of(events), deliveries)));
        return deliveries;
    }

    private void offer(WatchGroup group, EventBatch batch, List<Delivery> into) {
        Kept kept = group.keep(batch);
        List<EventBatch> whole = List.of(batch); // one list for all, who can tell by it that they get the same
        for (Seat seat : group.seats.values()) {
            if (!seat.isLive() || seat.underWay) continue;
            seat.given = kept.after();
            List<EventBatch> wanted = since(seat.nextRevision, whole);
            if (wanted.isEmpty()) group.takeGiven(seat);
            else into.add(start(seat, revision, wanted));
        }
        long others = keptBytes;
        while (!group.isEmpty() && (group.isOver(room) || others + group.keptBytes() > room.allBytesMax()))
            group.throwOldestAway(this::catchUpLater);
    }

    private static Delivery start(Seat seat, long throughRevision, List<EventBatch> batches) {
        seat.underWay = true;
        seat.takenRevision = firstRevision(batches.getFirst()) - 1;
        seat.nextRevision = Math.max(seat.nextRevision, throughRevision + 1);
        return new Delivery.Events(seat.id, throughRevision, batches);
    }

    /// Without what a watcher of a future revision does not want yet; null when nothing is left.
    private static @Nullable EventBatch since(long nextRevision, EventBatch batch) {
        if (firstRevision(batch) >= nextRevision) return batch;
        List<Event> left = batch.events().stream()
                .filter(event -> event.now().modRevision() >= nextRevision)
                .toList();
        return left.isEmpty() ? null : EventBatch.of(left);
    }

    private static List<EventBatch> since(long nextRevision, List<EventBatch> whole) {
        if (firstRevision(whole.getFirst()) >= nextRevision) return whole;
        @Nullable EventBatch left = since(nextRevision, whole.getFirst());
        return left == null ? List.of() : List.of(left);
    }

    private static long firstRevision(EventBatch batch) {
        return batch.events().getFirst().now().modRevision();
    }

    /// The delivery under way was thrown away, since there was no room for it. Nothing is started for this watcher
    /// until [#taken]; then it goes on with what it did not get.
    public void dropped(long watchId) {
        Seat seat = seats.get(watchId);
        if (seat == null || !seat.underWay) return;
        if (seat.isLive() && seat.given != seat.taken) {
            seat.given = seat.taken;
            seat.nextRevision = seat.takenRevision + 1;
        } else {
            catchUpFrom(seat, seat.takenRevision + 1);
        }
    }

    /// The delivery under way was handed on.
    ///
    /// @return the next one, null when there is none yet (or no such watcher)
    public @Nullable Delivery taken(long watchId) {
        Seat seat = seats.get(watchId);
        if (seat == null || !seat.underWay) return null;
        seat.underWay = false;
        if (!seat.isLive()) {
            behind.addLast(seat.id);
            return null;
        }
        change(seat.group, () -> seat.group.takeGiven(seat));
        return next(seat);
    }

    /// What was kept for a live watcher meanwhile.
    private @Nullable Delivery next(Seat seat) {
        List<EventBatch> batches = new ArrayList<>();
        long bytes = 0;
        Kept kept = Objects.requireNonNull(seat.taken, "where a live watcher is");
        for (@Nullable EventBatch batch = kept.batch(); batch != null; batch = kept.batch()) {
            if (bytes > 0 && bytes + batch.bytes() > DELIVERY_BYTES) break;
            @Nullable EventBatch wanted = since(seat.nextRevision, batch);
            if (wanted != null) {
                batches.add(wanted);
                bytes += wanted.bytes();
            }
            kept = kept.after();
        }
        seat.given = kept;
        @Nullable EventBatch later = kept.batch();
        if (!batches.isEmpty()) return start(seat, later == null ? revision : firstRevision(later) - 1, batches);
        change(seat.group, () -> seat.group.takeGiven(seat));
        return null;
    }

    /// Whether [#catchUp] has something to do now.
    public boolean hasBehind() {
        return !behind.isEmpty();
    }

    /// One bounded step for watchers that are catching up and have nothing under way, the longest waiting
    /// first. What is read for one serves all who want the same from there or from a later revision.
    ///
    /// @param view must not be older than the last batch offered, else nobody who waits for that can go on
    /// @param maxEvents about how many events to read in this step; sixteen rows that do not match count as
    /// one, and so does each KiB of a large event
    /// @return deliveries that can start now
    public List<Delivery> catchUp(Keyspace keyspace, ShelfView view, int maxEvents) {
        List<Delivery> deliveries = new ArrayList<>();
        long toRevision = keyspace.tip(view).revision();
        int left = maxEvents;
        for (int turns = behind.size(); turns > 0 && left > 0 && !behind.isEmpty(); turns--) {
            Seat seat = seatOf(behind.removeFirst());
            Keyspace.Span span = new Keyspace.Span(seat.nextRevision, toRevision);
            boolean wantsBefore = seat.watcher.wantsBefore();
            switch (keyspace.history(span, seat.watcher.range(), left, wantsBefore, view)) {
                case History.Compacted(long compactRevision) -> {
                    cancel(seat.id);
                    deliveries.add(new Delivery.Compacted(seat.id, compactRevision));
                }
                case History.Events(List<Event> events, long throughRevision, int readRows) -> {
                    EventBatch read = EventBatch.of(events);
                    long cost = Math.max(events.size(), readRows / Replay.ROWS_PER_EVENT);
                    cost = Math.max(cost, read.bytes() / BYTES_PER_EVENT);
                    left -= (int) Math.min(maxEvents, Math.max(STEP_COST_LEAST, cost));
                    serve(seat, read, throughRevision, deliveries);
                }
            }
        }
        return deliveries;
    }

    /// @param first who is behind and not among [#behind]; served even if there is nothing for it
    private void serve(Seat first, EventBatch read, long throughRevision, List<Delivery> into) {
        @Nullable EventBatch all = wanted(first.group.wish, read);
        Map<Long, Optional<EventBatch>> tails = new LinkedHashMap<>();
        long fromRevision = first.nextRevision;
        behind.add(first.id);
        for (Seat seat : first.group.seats.values()) {
            boolean alike = seat.nextRevision >= fromRevision
                    && seat.nextRevision <= throughRevision
                    && seat.watcher.wantsBefore() == first.watcher.wantsBefore();
            if (!(alike || seat == first) || !behind.remove(seat.id)) continue;
            Optional<EventBatch> tail = tails.computeIfAbsent(
                    seat.nextRevision, next -> all == null ? Optional.empty() : Optional.ofNullable(since(next, all)));
            seat.nextRevision = throughRevision + 1;
            if (seat.nextRevision > revision) seat.group.enter(seat);
            if (tail.isPresent()) into.add(start(seat, throughRevision, List.of(tail.get())));
            else if (!seat.isLive()) behind.addLast(seat.id);
        }
    }

    private static @Nullable EventBatch wanted(Wish wish, EventBatch read) {
        List<Event> wanted = read.events().stream().filter(wish::wants).toList();
        if (wanted.isEmpty()) return null;
        return wanted.size() == read.events().size() ? read : EventBatch.of(wanted);
    }

    private void catchUpFrom(Seat seat, long nextRevision) {
        seat.nextRevision = nextRevision;
        change(seat.group, () -> seat.group.leave(seat));
        catchUpLater(seat);
    }

    private void catchUpLater(Seat seat) {
        if (!seat.underWay) behind.addLast(seat.id);
    }

    /// The revision up to which everything that matches was taken: what progress may promise. -1 while the
    /// watcher is behind, waits for a future revision, or is unknown.
    public long syncedRevision(long watchId) {
        Seat seat = seats.get(watchId);
        if (seat == null || !seat.isLive() || seat.nextRevision > revision + 1) return -1;
        return seat.underWay ? seat.takenRevision : revision;
    }

    /// Bytes of the events kept for watchers that have not taken them, about.
    public long keptBytes() {
        return keptBytes;
    }

    /// The state was replaced by a snapshot at `newRevision`: everyone goes on from history.
    public void restored(long newRevision) {
        Check.invariant(newRevision >= revision, "revision fell from %d to %d", revision, newRevision);
        for (Seat seat : seats.values()) {
            if (!seat.isLive()) continue;
            boolean hasAll = seat.given != null && seat.group.isEnd(seat.given);
            long next = hasAll ? Math.max(seat.nextRevision, revision + 1) : seat.nextRevision;
            if (next <= newRevision) catchUpFrom(seat, next);
        }
        revision = newRevision;
    }

    public long revision() {
        return revision;
    }

    public int watcherCount() {
        return seats.size();
    }

    private Seat seatOf(long id) {
        return Objects.requireNonNull(seats.get(id), "a watcher that was just found");
    }
}

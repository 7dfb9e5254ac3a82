package holdfast.core.truth;

import holdfast.core.base.Check;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Require;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Who watches what, and how far each has come. Pure, one thread (the one that applies). A watcher is *live*
/// (fed by [#offer]), *parked* (its outbox was full: it takes what it has first) or *catching up* (fed from
/// history by [#catchUp]). An apply never waits for a watcher.
///
/// A watcher has at most one [Delivery] under way; [#taken] says that it was handed on and returns the next
/// one. Deliveries hold whole revisions and come in revision order, each event once.
///
/// Worked example, outbox of 2: a watcher takes its time over the delivery of revision 5. Revisions 6 and 7
/// wait in the outbox, 8 does not fit: parked at 8. It takes 5 and is given 6 and 7, takes those and is
/// catching up: 8 to 20 come from history. With 20 the newest, it is live again.
public final class WatchBoard {
    private static final int STEP_COST_LEAST = 16; // a step that finds nothing has read something all the same
    private static final int PLACE_BYTES = 8; // of an event in an outbox
    private static final int BYTES_PER_EVENT = 1_024; // of a large event each such piece costs like one

    /// What may wait for watchers that take their time. What does not fit is read from history later.
    ///
    /// @param eventsMax events that wait for one watcher, from 1; an idle one is handed a whole batch
    /// @param bytesMax bytes of the events that wait for one watcher, from 1
    /// @param allBytesMax bytes that wait for all watchers together, from 1
    public record Room(int eventsMax, long bytesMax, long allBytesMax) {
        public Room {
            Require.atLeast("watch outbox", eventsMax, 1);
            Require.atLeast("watch outbox bytes", bytesMax, 1);
            Require.atLeast("watch outboxes bytes", allBytesMax, 1);
        }

        /// Counts events only.
        static Room ofEvents(int eventsMax) {
            return new Room(eventsMax, Long.MAX_VALUE, Long.MAX_VALUE);
        }
    }

    /// @param range what to watch; an empty one matches nothing
    /// @param fromRevision first revision wanted; 0 means the next one; may lie in the future
    /// @param wantsBefore whether replayed events must carry the pair before them (live ones always do)
    public record Watcher(KeyRange range, long fromRevision, boolean wantsBefore, boolean puts, boolean deletes) {
        private boolean wants(Event event) {
            return switch (event.kind()) {
                case PUT -> puts;
                case DELETE -> deletes;
            };
        }
    }

    public sealed interface Delivery {
        long watchId();

        /// @param revision at least that of every event, and every matching event up to it was delivered
        record Events(long watchId, long revision, List<Event> events) implements Delivery {}

        /// The next revision that the watcher needs is gone. The watcher is, too.
        record Compacted(long watchId, long compactRevision) implements Delivery {}
    }

    private enum State {
        LIVE,
        PARKED,
        CATCHING_UP
    }

    private static final class Seat {
        final long id;
        final Watcher watcher;
        State state = State.LIVE;
        long nextRevision; // live: nothing below concerns it; else: first revision neither delivered nor in the outbox
        final List<Event> outbox = new ArrayList<>();
        long outboxBytes;
        long outboxShare; // of the bytes, which it may share with other outboxes
        boolean underWay;
        long takenRevision; // everything up to here was taken, while something is under way

        Seat(long id, Watcher watcher, long nextRevision) {
            this.id = id;
            this.watcher = watcher;
            this.nextRevision = nextRevision;
        }

        Delivery start(long revision, List<Event> events) {
            underWay = true;
            takenRevision = events.getFirst().now().modRevision() - 1;
            return new Delivery.Events(id, revision, events);
        }
    }

    private final Room room;
    private final TreeMap<Long, Seat> seats = new TreeMap<>();
    private final RangeIndex<Seat> index = new RangeIndex<>();
    private final LinkedHashSet<Long> behind = new LinkedHashSet<>(); // catching up, nothing under way
    private long revision;
    private long lastId;
    private long waitingBytes; // in all outboxes, each event once

    /// @param revision the store's revision now
    public WatchBoard(long revision, Room room) {
        this.revision = revision;
        this.room = room;
    }

    /// @return the watcher's id on this board, from 1, never used twice
    public long add(Watcher watcher) {
        long from = watcher.fromRevision() <= 0 ? revision + 1 : watcher.fromRevision();
        Seat seat = new Seat(++lastId, watcher, from);
        seats.put(seat.id, seat);
        index.add(watcher.range(), seat.id, seat);
        if (from <= revision) catchUpFrom(seat, from);
        return seat.id;
    }

    /// Forgets a watcher; nothing of it is delivered after this. Unknown ids are ignored.
    public void cancel(long watchId) {
        Seat seat = seats.remove(watchId);
        if (seat == null) return;
        empty(seat);
        index.remove(seat.watcher.range(), watchId);
        behind.remove(watchId);
    }

    private void empty(Seat seat) {
        waitingBytes -= seat.outboxShare;
        seat.outboxShare = 0;
        seat.outboxBytes = 0;
        seat.outbox.clear();
    }

    /// Hands the events of one applied batch to the watchers that match. A batch at or below the revision of a
    /// [#restored] is ignored: its events come from history.
    ///
    /// @return deliveries that can start now
    public List<Delivery> offer(Applied applied) {
        Map<Long, List<Event>> matched = new LinkedHashMap<>();
        for (Event event : applied.events()) {
            if (event.now().modRevision() <= revision) continue; // a restore was quicker
            index.find(event.now().key(), seat -> {
                if (seat.state == State.LIVE
                        && event.now().modRevision() >= seat.nextRevision
                        && seat.watcher.wants(event))
                    matched.computeIfAbsent(seat.id, _ -> new ArrayList<>()).add(event);
            });
        }
        revision = Math.max(revision, applied.revision());
        List<Delivery> deliveries = new ArrayList<>();
        matched.forEach((id, events) -> {
            Delivery delivery = offer(seatOf(id), events, matched.size());
            if (delivery != null) deliveries.add(delivery);
        });
        return deliveries;
    }

    /// @param sharers watchers that this batch concerns
    private @Nullable Delivery offer(Seat seat, List<Event> events, int sharers) {
        if (!seat.underWay) return seat.start(revision, events); // then its outbox is empty, too
        long bytes = Event.bytesOf(events);
        long share = bytes / sharers + (long) PLACE_BYTES * events.size();
        boolean fits = seat.outbox.size() + events.size() <= room.eventsMax()
                && bytes <= room.bytesMax() - seat.outboxBytes
                && share <= room.allBytesMax() - waitingBytes;
        if (fits) {
            seat.outbox.addAll(events);
            seat.outboxBytes += bytes;
            seat.outboxShare += share;
            waitingBytes += share;
        } else {
            seat.state = State.PARKED;
            seat.nextRevision = events.getFirst().now().modRevision();
        }
        return null;
    }

    /// The delivery under way was thrown away, since there was no room for it. Nothing is started for this watcher
    /// until [#taken]; then it goes on from history with what it did not get.
    public void dropped(long watchId) {
        Seat seat = seats.get(watchId);
        if (seat == null || !seat.underWay) return;
        empty(seat);
        seat.state = State.PARKED;
        seat.nextRevision = seat.takenRevision + 1;
    }

    /// The delivery under way was handed on.
    ///
    /// @return the next one, null when there is none yet (or no such watcher)
    public @Nullable Delivery taken(long watchId) {
        Seat seat = seats.get(watchId);
        if (seat == null || !seat.underWay) return null;
        seat.underWay = false;
        if (!seat.outbox.isEmpty()) {
            List<Event> events = List.copyOf(seat.outbox);
            empty(seat);
            return seat.start(seat.state == State.LIVE ? revision : seat.nextRevision - 1, events);
        }
        switch (seat.state) {
            case LIVE -> {}
            case PARKED, CATCHING_UP -> catchUpFrom(seat, seat.nextRevision);
        }
        return null;
    }

    /// Whether [#catchUp] has something to do now.
    public boolean hasBehind() {
        return !behind.isEmpty();
    }

    /// One bounded step for watchers that are catching up and have nothing under way, the longest waiting
    /// first.
    ///
    /// @param view must not be older than the last batch offered, else nobody who waits for that can go on
    /// @param maxEvents about how many events to read in this step; sixteen rows that do not match count as
    /// one, and so does each KiB of a large event
    /// @return deliveries that can start now
    public List<Delivery> catchUp(Keyspace keyspace, ShelfView view, int maxEvents) {
        List<Delivery> deliveries = new ArrayList<>();
        long toRevision = keyspace.tip(view).revision();
        int left = maxEvents;
        for (int turns = behind.size(); turns > 0 && left > 0; turns--) {
            Seat seat = seatOf(behind.removeFirst());
            Keyspace.Span span = new Keyspace.Span(seat.nextRevision, toRevision);
            boolean wantsBefore = seat.watcher.wantsBefore();
            switch (keyspace.history(span, seat.watcher.range(), left, wantsBefore, view)) {
                case History.Compacted(long compactRevision) -> {
                    cancel(seat.id);
                    deliveries.add(new Delivery.Compacted(seat.id, compactRevision));
                }
                case History.Events(List<Event> events, long throughRevision, int readRows) -> {
                    long cost = Math.max(events.size(), readRows / Replay.ROWS_PER_EVENT);
                    cost = Math.max(cost, Event.bytesOf(events) / BYTES_PER_EVENT);
                    left -= (int) Math.min(maxEvents, Math.max(STEP_COST_LEAST, cost));
                    Delivery delivery = caughtUp(seat, events, throughRevision);
                    if (delivery != null) deliveries.add(delivery);
                }
            }
        }
        return deliveries;
    }

    private @Nullable Delivery caughtUp(Seat seat, List<Event> events, long throughRevision) {
        seat.nextRevision = throughRevision + 1;
        if (seat.nextRevision > revision) seat.state = State.LIVE;
        List<Event> wanted = events.stream().filter(seat.watcher::wants).toList();
        if (!wanted.isEmpty()) return seat.start(throughRevision, wanted);
        if (seat.state != State.LIVE) behind.addLast(seat.id);
        return null;
    }

    private void catchUpFrom(Seat seat, long nextRevision) {
        seat.state = State.CATCHING_UP;
        seat.nextRevision = nextRevision;
        if (!seat.underWay) behind.addLast(seat.id);
    }

    /// The revision up to which everything that matches was taken: what progress may promise. -1 while the
    /// watcher is behind, waits for a future revision, or is unknown.
    public long syncedRevision(long watchId) {
        Seat seat = seats.get(watchId);
        if (seat == null || seat.state != State.LIVE || seat.nextRevision > revision + 1) return -1;
        return seat.underWay ? seat.takenRevision : revision;
    }

    /// Bytes of the events that wait for slow watchers, about.
    public long waitingBytes() {
        return waitingBytes;
    }

    /// The state was replaced by a snapshot at `newRevision`: everyone goes on from history.
    public void restored(long newRevision) {
        Check.invariant(newRevision >= revision, "revision fell from %d to %d", revision, newRevision);
        for (Seat seat : seats.values()) {
            if (seat.state != State.LIVE) continue;
            long next = Math.max(seat.nextRevision, revision + 1);
            if (next > newRevision) continue;
            if (seat.outbox.isEmpty()) catchUpFrom(seat, next);
            else {
                seat.state = State.PARKED;
                seat.nextRevision = next;
            }
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

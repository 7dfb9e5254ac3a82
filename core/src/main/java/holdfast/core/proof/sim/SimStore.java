package holdfast.core.proof.sim;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.truth.Applied;
import holdfast.core.truth.Batch;
import holdfast.core.truth.Command;
import holdfast.core.truth.Event;
import holdfast.core.truth.KeyValue;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.LeaseBook;
import holdfast.core.truth.MemoryShelf;
import holdfast.core.truth.Reply;
import holdfast.core.truth.WatchBoard;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// The store: the real keyspace, leases and watches, behind links that delay and lose. Ordering (Raft) is taken
/// for granted here; a lost leader shows as a pause in which nothing is answered and after which leases run anew.
final class SimStore {
    static final String PLACE = "store";

    private static final long MILLI_NANOS = 1_000_000;
    private static final long CALL_LIMIT_NANOS = 1_000 * MILLI_NANOS;

    /// Who watches, and how far he came.
    private static final class Seat {
        final String place;
        final KeyRange range;
        final Consumer<List<Event>> take;
        long watchId;
        long revision;
        boolean over;
        /// For a planted bug: comes after the next batch.
        List<Event> heldBack = List.of();

        Seat(String place, KeyRange range, long revision, Consumer<List<Event>> take) {
            this.place = place;
            this.range = range;
            this.revision = revision;
            this.take = take;
        }
    }

    private final World world;
    private final Keyspace keyspace = new Keyspace();
    private final MemoryShelf shelf = new MemoryShelf();
    private final LeaseBook leases = new LeaseBook(100, 1_000 * MILLI_NANOS, 1_000 * MILLI_NANOS);
    private final WatchBoard board = new WatchBoard(0, new WatchBoard.Room(64, 1 << 20, 1 << 24));
    private final SortedMap<Long, Seat> seats = new TreeMap<>();
    private final List<Seat> broken = new ArrayList<>();
    private long index;
    private long term = 1;
    private long leaseCount;
    private long stalledUntilNanos;

    SimStore(World world) {
        this.world = world;
        leases.elected(0);
    }

    /// The store's own leader was lost: no answers for a while, then another goes on from what the log knows.
    void loseLeader(long pauseNanos) {
        stalledUntilNanos = world.now() + pauseNanos;
        term++;
        world.after(pauseNanos, () -> leases.elected(world.now()));
    }

    /// One call over the links: the reply is empty when the request or the answer was lost, so that it may have
    /// happened.
    <T> void call(String from, Supplier<T> request, Consumer<Optional<T>> reply) {
        long begunNanos = world.now();
        boolean arrives = world.net().isOpen(from, PLACE) && !world.net().loses();
        if (!arrives) {
            world.after(CALL_LIMIT_NANOS, () -> reply.accept(Optional.empty()));
            return;
        }
        long delay = Math.max(world.net().delayNanos(), stalledUntilNanos - world.now());
        world.after(delay, () -> {
            T answer = request.get();
            boolean returns = world.net().isOpen(PLACE, from) && !world.net().loses();
            long rest = returns ? world.net().delayNanos() : Math.max(0, CALL_LIMIT_NANOS - (world.now() - begunNanos));
            world.after(rest, () -> reply.accept(returns ? Optional.of(answer) : Optional.empty()));
        });
    }

    long nextLease() {
        return ++leaseCount;
    }

    /// One batch; what it changed goes to the watchers.
    Applied apply(Command... commands) {
        Batch batch = new Batch(world.now() / MILLI_NANOS, List.of(commands));
        Applied applied = keyspace.apply(++index, term, batch, shelf);
        leases.offer(word(), batch, applied);
        deliver(board.offer(applied));
        return applied;
    }

    boolean txn(Command.Txn txn) {
        Reply reply = apply(txn).replies().getFirst().reply();
        return reply instanceof Reply.Txned(boolean succeeded, List<Reply> _) && succeeded;
    }

    long revision() {
        return keyspace.tip(shelf).revision();
    }

    boolean renew(long lease) {
        if (leases.needsLog(world.now(), lease)) leases.logged(word(), lease);
        return leases.renewed(world.now(), lease) > 0;
    }

    private LeaseBook.Word word() {
        return new LeaseBook.Word(index, world.now(), world.now());
    }

    void revoke(long lease) {
        apply(new Command.LeaseRevoke(lease));
    }

    void tick() {
        if (world.now() < stalledUntilNanos) return;
        for (long id : leases.tick(world.now(), true)) apply(new Command.LeaseExpire(id, term));
        if (board.hasBehind()) deliver(board.catchUp(keyspace, shelf, 64));
        for (Seat seat : List.copyOf(broken)) {
            if (seat.over) broken.remove(seat);
            else if (world.net().isOpenBothWays(seat.place, PLACE)) {
                broken.remove(seat);
                sit(seat);
            }
        }
    }

    Optional<KeyValue> get(String key) {
        return range(KeyRange.single(Bytes.utf8(key)), 0).stream().findFirst();
    }

    List<KeyValue> prefix(String prefix) {
        return range(KeyRange.prefix(Bytes.utf8(prefix)), 0);
    }

    Optional<KeyValue> getAt(Bytes key, long revision) {
        return range(KeyRange.single(key), revision).stream().findFirst();
    }

    private List<KeyValue> range(KeyRange range, long atRevision) {
        Command.Range all = Command.Range.of(range);
        Command.Range at = new Command.Range(range, atRevision, 0, all.sort(), false, false, 0, 0, 0, 0);
        return keyspace.range(at, shelf) instanceof Reply.Page page ? page.pairs() : List.of();
    }

    /// Watches `prefix` after `revision`, and again after each broken link.
    ///
    /// @return what ends it
    Runnable watch(String place, String prefix, long revision, Consumer<List<Event>> take) {
        Seat seat = new Seat(place, KeyRange.prefix(Bytes.utf8(prefix)), revision, take);
        sit(seat);
        return () -> {
            seat.over = true;
            if (seat.watchId != 0) {
                board.cancel(seat.watchId);
                seats.remove(seat.watchId);
            }
        };
    }

    private void sit(Seat seat) {
        seat.watchId = board.add(new WatchBoard.Watcher(seat.range, seat.revision + 1, false, true, true));
        seats.put(seat.watchId, seat);
    }

    private void deliver(List<WatchBoard.Delivery> deliveries) {
        for (WatchBoard.Delivery delivery : deliveries) deliver(delivery);
    }

    private void deliver(WatchBoard.Delivery delivery) {
        Seat seat = seats.get(delivery.watchId());
        if (seat == null || !(delivery instanceof WatchBoard.Delivery.Events events)) return;
        world.after(world.net().delayNanos(), () -> hand(seat, events));
    }

    private List<Event> swapped(Seat seat, List<Event> batch) {
        List<Event> late = new ArrayList<>(batch);
        late.addAll(seat.heldBack);
        seat.heldBack = List.of();
        if (world.dice().oneIn(8)) seat.heldBack = List.of(late.removeFirst());
        return late;
    }

    private void hand(Seat seat, WatchBoard.Delivery.Events events) {
        if (seat.over || seat.watchId != events.watchId()) return;
        if (!world.net().isOpenBothWays(PLACE, seat.place)) {
            board.cancel(seat.watchId);
            seats.remove(seat.watchId);
            seat.watchId = 0;
            broken.add(seat);
            return;
        }
        List<Event> batch = events.events();
        if (world.has(Bug.SWAP_WATCH)) batch = swapped(seat, batch);
        for (Event event : batch) {
            world.judge()
                    .watched(
                            seat.place + " " + seat.range.start(),
                            seat.revision,
                            event.now().modRevision());
            seat.revision = event.now().modRevision();
        }
        seat.revision = Math.max(seat.revision, events.revision());
        seat.take.accept(batch);
        WatchBoard.Delivery next = board.taken(events.watchId());
        if (next != null) deliver(next);
    }
}

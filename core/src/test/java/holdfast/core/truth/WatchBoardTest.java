package holdfast.core.truth;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.Dice;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class WatchBoardTest {
    private final Keyspace keyspace = new Keyspace();
    private final MemoryShelf shelf = new MemoryShelf();
    private final WatchBoard board = new WatchBoard(1, WatchBoard.Room.ofEvents(2));
    private long index;

    @Test
    void slowWatcher_thatHasMoreWaitingThanThereIsRoomFor_catchesUp_thenIsLive() {
        long id = watch(KeyRange.ALL, 0);
        assertThat(revisions(put("a"))).containsExactly(2L);
        for (int count = 0; count < 6; count++) assertThat(put("a")).isEmpty();

        assertThat(board.syncedRevision(id)).as("behind").isEqualTo(-1);
        assertThat(board.keptBytes()).as("for nobody").isZero();
        assertThat(board.hasBehind()).as("one delivery under way at a time").isFalse();
        assertThat(board.taken(id)).isNull();
        assertThat(board.hasBehind()).isTrue();
        assertThat(revisions(board.catchUp(keyspace, shelf, 2))).containsExactly(3L, 4L);
        assertThat(board.taken(id)).isNull();
        assertThat(revisions(board.catchUp(keyspace, shelf, 2))).containsExactly(5L, 6L);
        assertThat(board.hasBehind()).as("one delivery under way at a time").isFalse();
        assertThat(board.taken(id)).isNull();
        assertThat(revisions(board.catchUp(keyspace, shelf, 2))).containsExactly(7L, 8L);
        assertThat(board.syncedRevision(id)).as("8 is not taken yet").isEqualTo(6);
        assertThat(board.taken(id)).isNull();
        assertThat(board.syncedRevision(id)).isEqualTo(8);
        assertThat(revisions(put("b"))).containsExactly(9L);
    }

    @Test
    void deliveryThatWasThrownAway_comesAgain_withWhatWaits() {
        long id = watch(KeyRange.ALL, 0);
        put("a");
        assertThat(put("b")).isEmpty();

        board.dropped(id);

        assertThat(board.syncedRevision(id)).as("none of it was taken").isEqualTo(1);
        assertThat(revisions(List.of(board.taken(id)))).containsExactly(2L, 3L);
        assertThat(board.taken(id)).isNull();
        assertThat(board.syncedRevision(id)).isEqualTo(3);
        assertThat(board.keptBytes()).isZero();
    }

    @Test
    void thoseWhoWantTheSame_areGivenTheSameBatch_alsoFromHistory() {
        long first = watch(KeyRange.ALL, 0);
        watch(single("a"), 0);
        long second = watch(KeyRange.ALL, 0);

        List<EventBatch> live = batches(put("a"));
        for (int count = 0; count < 3; count++) put("a");
        board.taken(first);
        board.taken(second);
        List<EventBatch> history = batches(board.catchUp(keyspace, shelf, 10));

        assertThat(live).hasSize(3);
        assertThat(live.get(1)).isSameAs(live.getLast()).isNotSameAs(live.getFirst());
        assertThat(history).hasSize(2);
        assertThat(history.getFirst()).isSameAs(history.getLast());
        assertThat(history.getFirst().events()).hasSize(3);
    }

    /// etcd's TestWatchFragmentEnable counts on it.
    @Test
    void historyOfTenLargeValues_comesAtOnce() {
        Bytes large = Bytes.wrap(new byte[1 << 20]);
        for (int count = 0; count < 10; count++) apply(Command.Put.of(Bytes.utf8("a" + count), large));
        watch(KeyRange.ALL, 1);
        assertThat(revisions(board.catchUp(keyspace, shelf, 4_096))).hasSize(10);
    }

    @Test
    void slowWatcher_doesNotHoldUpOthers() {
        watch(KeyRange.ALL, 0);
        long quick = watch(KeyRange.ALL, 0);
        put("a");
        for (long revision = 3; revision < 20; revision++) {
            board.taken(quick);
            assertThat(revisions(put("a"))).containsExactly(revision);
        }
    }

    @Test
    void batchOfferedAfterARestoreAboveIt_isNotDeliveredTwice() {
        long id = watch(KeyRange.ALL, 0);
        Applied late = keyspace.apply(++index, 1, batch("a"), shelf);
        keyspace.apply(++index, 1, batch("b"), shelf);
        board.restored(3);

        assertThat(board.offer(late)).isEmpty();
        assertThat(revisions(board.catchUp(keyspace, shelf, 10))).containsExactly(2L, 3L);
        assertThat(board.taken(id)).isNull();
        board.restored(3);
        assertThat(board.offer(late)).isEmpty();
        assertThat(board.syncedRevision(id)).isEqualTo(3);
    }

    @Test
    void futureWatcher_getsNothingEarlier_andPromisesNothing() {
        long id = watch(KeyRange.ALL, 4);

        assertThat(put("a")).isEmpty();
        assertThat(board.syncedRevision(id)).isEqualTo(-1);
        assertThat(put("a")).isEmpty();
        assertThat(board.syncedRevision(id)).as("4 is next").isEqualTo(3);
        assertThat(revisions(put("a"))).containsExactly(4L);
    }

    @Test
    void watcherBelowTheCompactRevision_isToldSo_andGone() {
        for (int count = 0; count < 5; count++) put("a");
        apply(new Command.Compact(5));
        long id = watch(KeyRange.ALL, 4);

        assertThat(board.catchUp(keyspace, shelf, 10)).containsExactly(new WatchBoard.Delivery.Compacted(id, 5));
        assertThat(board.watcherCount()).isZero();
        assertThat(put("a")).isEmpty();
    }

    @Test
    void watcherFromTheCompactRevision_getsTheDeleteThere() {
        put("a");
        apply(new Command.DeleteRange(KeyRange.single(Bytes.utf8("a")), false));
        apply(new Command.Compact(3));
        while (keyspace.scrub(shelf, 1)) {}
        watch(KeyRange.ALL, 3);

        List<WatchBoard.Delivery> deliveries = board.catchUp(keyspace, shelf, 10);

        assertThat(revisions(deliveries)).containsExactly(3L);
        Event event =
                ((WatchBoard.Delivery.Events) deliveries.getFirst()).events().getFirst();
        assertThat(event.kind()).isEqualTo(Event.Kind.DELETE);
        assertThat(event.before()).as("its revision is compacted").isNull();
    }

    @Test
    void tenThousandWatchersOnKeysOfTheirOwn_oneEventReachesOne() {
        Map<Long, String> keys = new TreeMap<>();
        for (int count = 0; count < 10_000; count++) keys.put(watch(single("key" + count), 0), "key" + count);

        List<WatchBoard.Delivery> deliveries = put("key4711");

        assertThat(deliveries).hasSize(1);
        assertThat(keys.get(deliveries.getFirst().watchId())).isEqualTo("key4711");
    }

    @Test
    void rangeIndex_findsWhatAPlainListFinds() {
        for (long seed = 1; seed <= 200; seed++) {
            Dice dice = new Dice(seed);
            RangeIndex<Long> ranges = new RangeIndex<>();
            Map<Long, KeyRange> plain = new TreeMap<>();
            for (long step = 1; step <= 120; step++) {
                if (dice.oneIn(3) && !plain.isEmpty()) {
                    long id = dice.pick(new ArrayList<>(plain.keySet()));
                    ranges.remove(plain.remove(id), id);
                } else {
                    KeyRange range = new KeyRange(key(dice), dice.oneIn(6) ? null : key(dice));
                    if (dice.oneIn(4)) range = KeyRange.single(key(dice));
                    plain.put(step, range);
                    ranges.add(range, step, step);
                }
                Bytes key = key(dice);
                List<Long> found = new ArrayList<>();
                ranges.find(key, found::add);
                List<Long> expected = plain.entrySet().stream()
                        .filter(entry -> entry.getValue().contains(key))
                        .map(Map.Entry::getKey)
                        .toList();
                assertThat(found).as("seed %d, key %s", seed, key).containsExactlyInAnyOrderElementsOf(expected);
            }
        }
    }

    @Test
    void memoryShelf_agreesWithASortedMap() {
        for (long seed = 1; seed <= 200; seed++) {
            Dice dice = new Dice(seed);
            MemoryShelf rows = new MemoryShelf();
            TreeMap<Bytes, Bytes> plain = new TreeMap<>();
            for (int step = 0; step < 60; step++) {
                Shelf.WriteSet set = rows.newWriteSet();
                TreeMap<Bytes, Bytes> before = new TreeMap<>(plain);
                ShelfView view = rows.view();
                for (int count = dice.nextInt(4); count >= 0; count--) {
                    Bytes key = key(dice);
                    if (dice.oneIn(8)) {
                        KeyRange range = new KeyRange(key, dice.oneIn(4) ? null : key(dice));
                        set.deleteRange(range);
                        plain.keySet().removeIf(range::contains);
                    } else if (dice.oneIn(3)) {
                        set.delete(key);
                        plain.remove(key);
                    } else {
                        Bytes value = Bytes.utf8("value" + step);
                        set.put(key, value);
                        plain.put(key, value);
                    }
                }
                rows.write(set);
                KeyRange range = new KeyRange(key(dice), dice.oneIn(4) ? null : key(dice));
                assertSame(rows, plain, range, seed);
                assertSame(view, before, range, seed);
            }
        }
    }

    private static void assertSame(ShelfView rows, TreeMap<Bytes, Bytes> plain, KeyRange range, long seed) {
        List<Bytes> expected = plain.keySet().stream().filter(range::contains).toList();
        List<Bytes> rising = new ArrayList<>();
        List<Bytes> falling = new ArrayList<>();
        rows.scan(range, (key, _) -> rising.add(key));
        rows.scanBackwards(range, (key, _) -> falling.add(key));
        assertThat(rising).as("seed %d", seed).isEqualTo(expected);
        assertThat(falling.reversed()).as("seed %d", seed).isEqualTo(expected);
        assertThat(rows.get(range.start())).as("seed %d", seed).isEqualTo(plain.get(range.start()));
        assertThat(rows.count(range)).as("seed %d", seed).isEqualTo(expected.size());
    }

    private static Bytes key(Dice dice) {
        byte[] key = new byte[1 + dice.nextInt(2)];
        for (int at = 0; at < key.length; at++) key[at] = (byte) dice.nextInt(6);
        return Bytes.wrap(key);
    }

    private long watch(KeyRange range, long fromRevision) {
        return board.add(new WatchBoard.Watcher(range, fromRevision, true, true, true));
    }

    private List<WatchBoard.Delivery> put(String key) {
        return apply(Command.Put.of(Bytes.utf8(key), Bytes.EMPTY));
    }

    private List<WatchBoard.Delivery> apply(Command command) {
        return board.offer(keyspace.apply(++index, 1, new Batch(0, List.of(command)), shelf));
    }

    private static Batch batch(String key) {
        return new Batch(0, List.of(Command.Put.of(Bytes.utf8(key), Bytes.EMPTY)));
    }

    private static List<EventBatch> batches(List<WatchBoard.Delivery> deliveries) {
        return deliveries.stream()
                .flatMap(delivery -> ((WatchBoard.Delivery.Events) delivery).batches().stream())
                .toList();
    }

    private static List<Long> revisions(List<WatchBoard.Delivery> deliveries) {
        return deliveries.stream()
                .flatMap(delivery -> ((WatchBoard.Delivery.Events) delivery).events().stream())
                .map(event -> event.now().modRevision())
                .toList();
    }

    private static KeyRange single(String key) {
        return KeyRange.single(Bytes.utf8(key));
    }
}

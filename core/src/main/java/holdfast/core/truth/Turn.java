package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One batch under way: runs its commands in order over a [Draft] and gathers answers and events.
///
/// A command that writes takes one revision, whatever the number of its writes; one that changes nothing takes
/// none. All checks come before the first write, so a refused command changes nothing.
///
/// What the commands of one entry hold in memory is bounded, alike on all members: what goes beyond is refused, not
/// tried. Only the end of a lease goes as far as it can and is carried on by the next [Command.LeaseExpire].
final class Turn {
    /// Of rows to write, events and answers of one entry. A constant: members with more memory must not do more.
    static final long ENTRY_BYTES_MAX = 64 << 20;

    /// What an answer takes: as pairs, as a message, as bytes, on its way out.
    static final int ANSWER_TIMES = 4;

    private static final int WRITE_BYTES = 600; // of one write, without key and values
    private static final int KEYS_ENDED_UNASKED = 64; // with a lease, before anybody counts what they hold

    private final Draft rows;
    private final Reader reader;
    private final Judge judge;
    private final AuthBook auth;
    private final long term;
    private final Stock stockBefore;
    private final List<Applied.Answer> answers = new ArrayList<>();
    private final List<Event> events = new ArrayList<>();
    private long revision; // before the command under way
    private long compactRevision;
    private int writes; // of the command under way
    private Stock stock;
    private long bytes; // of the stock, with the batch so far
    private long keys;
    private long roomBytes = ENTRY_BYTES_MAX; // left for this entry

    /// @param index of the entry
    /// @param term of the entry, or of an earlier one if that was higher
    /// @param judge over the same draft
    Turn(Draft rows, Tip tip, long index, long term, Judge judge) {
        this.rows = rows;
        this.reader = new Reader(rows, tip);
        this.judge = judge;
        this.auth = new AuthBook(rows, judge, index);
        this.term = term;
        this.revision = tip.revision();
        this.compactRevision = tip.compactRevision();
        stockBefore = Stock.of(rows);
        stock = stockBefore;
        bytes = stock.bytes();
        keys = stock.keys();
    }

    void run(Command command) {
        Command bare = Command.bare(command);
        Refusal refused = stock.refusal(bare); // etcd asks the alarms first
        if (refused == null) refused = judge.of(command);
        if (refused == null && roomBytes <= 0 && needsRoom(bare)) refused = Refusal.BUSY;
        Reply reply = refused == null ? reply(bare) : new Reply.Refused(refused);
        if (writes > 0) revision++;
        writes = 0;
        reader.at(revision);
        answers.add(new Applied.Answer(revision, reply));
    }

    private static boolean needsRoom(Command command) {
        return switch (command) {
            case Command.Op _, Command.LeaseRevoke _, Command.LeaseExpire _ -> true;
            case Command.LeaseGrant _, Command.Compact _, Command.SystemPut _, Command.SetAlarm _ -> false;
            case Command.AuthChange _, Command.OnBehalf _ -> false;
        };
    }

    private Reply reply(Command command) {
        return switch (command) {
            case Command.Range range -> range(range);
            case Command.Put put -> put(put);
            case Command.DeleteRange(KeyRange range, boolean wantsBefore) ->
                deleteBytes(range, wantsBefore, roomBytes) > roomBytes
                        ? new Reply.Refused(Refusal.TOO_LARGE)
                        : delete(range, wantsBefore);
            case Command.Txn txn -> txn(txn);
            case Command.LeaseGrant(long id, long ttlMillis) -> grant(id, ttlMillis);
            case Command.LeaseRevoke(long id) -> revoke(id, true);
            case Command.LeaseExpire(long id, long expireTerm) ->
                term > expireTerm ? new Reply.Refused(Refusal.TERM_PASSED) : revoke(id, false);
            case Command.Compact(long toRevision) -> compact(toRevision);
            case Command.SystemPut(Bytes key, Bytes value) -> systemPut(key, value);
            case Command.SetAlarm(Alarm alarm, boolean raised) -> setAlarm(alarm, raised);
            case Command.AuthChange change -> auth.run(change);
            case Command.OnBehalf(Caller _, Command _) -> throw new IllegalStateException("two callers: " + command);
        };
    }

    /// Null when it is as before.
    @Nullable
    Stock changedStock() {
        Stock now = stock.with(bytes, keys);
        return now.equals(stockBefore) ? null : now;
    }

    List<Applied.Answer> answers() {
        return answers;
    }

    List<Event> events() {
        return events;
    }

    long revision() {
        return revision;
    }

    long compactRevision() {
        return compactRevision;
    }

    private Reply range(Command.Range range) {
        Refusal refused = reader.refusal(range.atRevision());
        if (refused != null) return new Reply.Refused(refused);
        Reply.Page page = reader.page(range, roomBytes / ANSWER_TIMES);
        if (page == null) return new Reply.Refused(Refusal.TOO_LARGE);
        shown(page);
        return page;
    }

    private Reply.Page shown(Reply.Page page) {
        for (KeyValue pair : page.pairs()) roomBytes -= ANSWER_TIMES * Reader.bytesOf(pair);
        return page;
    }

    /// What deleting a range holds in memory; any number above `enoughBytes` when that is passed.
    private long deleteBytes(KeyRange range, boolean wantsBefore, long enoughBytes) {
        if (range.isSingle()) return 0;
        long[] bytes = {0};
        reader.scanCurrent(range, true, pair -> {
            bytes[0] += writeBytes(pair.key(), pair.value().size());
            if (wantsBefore) bytes[0] += ANSWER_TIMES * Reader.bytesOf(pair);
            return bytes[0] <= enoughBytes;
        });
        return bytes[0];
    }

    private static long writeBytes(Bytes key, long valueBytes) {
        return WRITE_BYTES + 3L * key.size() + valueBytes;
    }

    private Reply put(Command.Put put) {
        Row before = reader.current(put.key());
        Refusal refused = refusal(put, before);
        return refused == null ? write(put, before) : new Reply.Refused(refused);
    }

    /// etcd looks for the lease first here and for the key first in a transaction; the order shows only when
    /// both fail.
    private @Nullable Refusal refusal(Command.Put put, @Nullable Row before) {
        if (put.lease() != 0 && rows.get(Tables.lease(put.lease())) == null) return Refusal.LEASE_NOT_FOUND;
        return needsKey(put) && before == null ? Refusal.KEY_NOT_FOUND : null;
    }

    private static boolean needsKey(Command.Put put) {
        return put.keepValue() || put.keepLease();
    }

    private Reply write(Command.Put put, @Nullable Row before) {
        long lease = put.keepLease() && before != null ? before.lease() : put.lease();
        Bytes value = put.keepValue() && before != null ? before.value() : put.value();
        long created = before == null ? revision + 1 : before.createRevision();
        long version = before == null ? 1 : before.version() + 1;
        Row now = new Row(created, revision + 1, writes, version, lease, value, false);
        Bytes key = put.key();
        rows.put(Tables.current(key), now.encode());
        long leaseBefore = before == null ? 0 : before.lease();
        if (leaseBefore != lease) {
            if (leaseBefore != 0) rows.delete(Tables.attached(leaseBefore, key));
            if (lease != 0) rows.put(Tables.attached(lease, key), Bytes.EMPTY);
        }
        KeyValue pairBefore = before == null ? null : before.pair(key);
        record(Event.Kind.PUT, key, now, before, pairBefore);
        return new Reply.Putted(put.wantsBefore() ? pairBefore : null);
    }

    private Reply delete(KeyRange range, boolean wantsBefore) {
        List<Bytes> keys = new ArrayList<>();
        if (range.isSingle()) keys.add(range.start());
        else reader.scanCurrent(range, true, pair -> keys.add(pair.key()));
        List<KeyValue> died = new ArrayList<>(keys.size());
        for (Bytes key : keys) {
            KeyValue pair = delete(key);
            if (pair != null) died.add(pair);
        }
        return new Reply.Deleted(died.size(), wantsBefore ? died : List.of());
    }

    private @Nullable KeyValue delete(Bytes key) {
        Row before = reader.current(key);
        if (before == null) return null;
        rows.delete(Tables.current(key));
        if (before.lease() != 0) rows.delete(Tables.attached(before.lease(), key));
        KeyValue pairBefore = before.pair(key);
        record(Event.Kind.DELETE, key, Row.gone(revision + 1, writes), before, pairBefore);
        return pairBefore;
    }

    private void record(Event.Kind kind, Bytes key, Row now, @Nullable Row before, @Nullable KeyValue pairBefore) {
        long bytesBefore = before == null ? 0 : Stock.bytesOf(key, before);
        Change change = before == null
                ? new Change(key, 0, 0, 0, now)
                : new Change(key, before.modRevision(), before.sub(), bytesBefore, now);
        bytes += Stock.bytesOf(key, now);
        roomBytes -= writeBytes(
                key,
                (long) now.value().size() + (before == null ? 0 : before.value().size()));
        if (before == null) keys++;
        else if (now.gone()) keys--;
        rows.put(Tables.history(now.modRevision(), now.sub()), change.encode());
        rows.put(Tables.version(key, now.modRevision(), now.sub()), now.gone() ? Tables.DELETED : Tables.LIVING);
        events.add(new Event(kind, now.pair(key), pairBefore));
        writes++;
        reader.at(revision + 1);
    }

    private Reply txn(Command.Txn txn) {
        TxnPath path = TxnPath.of(txn, reader);
        Refusal refused = putRefusal(path); // etcd asks all puts before it asks the ranges
        if (refused == null) refused = path.rangeRefusal(reader);
        if (refused == null) refused = roomRefusal(path);
        return refused == null ? run(path) : new Reply.Refused(refused);
    }

    private @Nullable Refusal putRefusal(TxnPath path) {
        return path.firstRefusal(op -> {
            if (!(op instanceof Command.Put put)) return null;
            if (needsKey(put) && reader.current(put.key()) == null) return Refusal.KEY_NOT_FOUND;
            return put.lease() != 0 && rows.get(Tables.lease(put.lease())) == null ? Refusal.LEASE_NOT_FOUND : null;
        });
    }

    /// Asks the state before the transaction: what it writes itself is as large as a request at most.
    private @Nullable Refusal roomRefusal(TxnPath path) {
        long[] left = {roomBytes};
        return path.firstRefusal(op -> {
            switch (op) {
                case Command.Range range -> left[0] -= rangeBytes(range, left[0]);
                case Command.DeleteRange(KeyRange range, boolean wantsBefore) ->
                    left[0] -= deleteBytes(range, wantsBefore, left[0]);
                case Command.Put _, Command.Txn _ -> {}
            }
            return left[0] < 0 ? Refusal.TOO_LARGE : null;
        });
    }

    /// What reading a range holds in memory; any number above `enoughBytes` when that is passed.
    private long rangeBytes(Command.Range range, long enoughBytes) {
        if (range.countOnly() || (range.range().isSingle() && range.atRevision() == 0)) return 0;
        Reply.Page page = reader.page(range, enoughBytes / ANSWER_TIMES);
        if (page == null) return enoughBytes + 1;
        long found = 0;
        for (KeyValue pair : page.pairs()) found += ANSWER_TIMES * Reader.bytesOf(pair);
        return found;
    }

    private Reply run(TxnPath path) {
        return path.run(op -> switch (op) {
            case Command.Range range -> shown(reader.page(range));
            case Command.Put put -> write(put, reader.current(put.key()));
            case Command.DeleteRange(KeyRange range, boolean wantsBefore) -> delete(range, wantsBefore);
            case Command.Txn _ -> throw new IllegalStateException("nested transactions are paths");
        });
    }

    private Reply grant(long id, long ttlMillis) {
        Bytes row = Tables.lease(id);
        if (rows.get(row) != null) return new Reply.Refused(Refusal.LEASE_EXISTS);
        rows.put(row, new Pen(10).number(ttlMillis).done());
        bytes += Stock.LEASE_BYTES;
        return new Reply.Granted(id, ttlMillis);
    }

    /// @param whole refuse it if it cannot be done in one go; else as many keys die as there is room for
    private Reply revoke(long id, boolean whole) {
        Bytes row = Tables.lease(id);
        if (rows.get(row) == null) return new Reply.Refused(Refusal.LEASE_NOT_FOUND);
        List<Bytes> attached = new ArrayList<>();
        boolean[] all = {true};
        rows.scan(Tables.attached(id), (pair, _) -> {
            attached.add(Tables.keyOfAttached(pair));
            all[0] = attached.size() * (long) WRITE_BYTES <= roomBytes;
            return all[0];
        });
        if (whole && (!all[0] || !hasRoomFor(attached))) return new Reply.Refused(Refusal.TOO_LARGE);
        for (Bytes key : attached) {
            if (!whole && roomBytes <= 0) return new Reply.Refused(Refusal.BUSY);
            delete(key);
        }
        if (!all[0]) return new Reply.Refused(Refusal.BUSY);
        rows.delete(row);
        bytes -= Stock.LEASE_BYTES;
        return new Reply.Revoked();
    }

    private boolean hasRoomFor(List<Bytes> dying) {
        if (dying.size() <= KEYS_ENDED_UNASKED) return true;
        long left = roomBytes;
        for (Bytes key : dying) {
            Row before = reader.current(key);
            left -= writeBytes(key, before == null ? 0 : before.value().size());
            if (left < 0) return false;
        }
        return true;
    }

    private Reply systemPut(Bytes key, Bytes value) {
        if (value.isEmpty()) rows.delete(Tables.system(key));
        else rows.put(Tables.system(key), value);
        return new Reply.Putted(null);
    }

    private Reply setAlarm(Alarm alarm, boolean raised) {
        List<Alarm> alarms = new ArrayList<>(stock.alarms());
        Alarm standing = null;
        for (Alarm one : alarms) if (one.concerns(alarm)) standing = one;
        if (standing == null && !raised) return new Reply.Alarmed(List.of());
        boolean stays = standing != null && raised && (alarm.raisedByStore() || !standing.raisedByStore());
        if (stays) return new Reply.Alarmed(List.of(standing));
        if (standing != null) alarms.remove(standing);
        if (raised) alarms.add(alarm);
        alarms.sort(Comparator.comparing(Alarm::kind).thenComparing(Alarm::memberId, Long::compareUnsigned));
        stock = new Stock(bytes, keys, List.copyOf(alarms));
        return new Reply.Alarmed(List.of(alarm));
    }

    private Reply compact(long toRevision) {
        if (toRevision <= compactRevision) return new Reply.Refused(Refusal.REVISION_COMPACTED);
        if (toRevision > revision) return new Reply.Refused(Refusal.REVISION_IN_FUTURE);
        compactRevision = toRevision;
        reader.compacted(toRevision);
        return new Reply.Compacted();
    }
}

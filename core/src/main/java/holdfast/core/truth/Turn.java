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
final class Turn {
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
        Reply reply = refused == null ? reply(bare) : new Reply.Refused(refused);
        if (writes > 0) revision++;
        writes = 0;
        reader.at(revision);
        answers.add(new Applied.Answer(revision, reply));
    }

    private Reply reply(Command command) {
        return switch (command) {
            case Command.Range range -> range(range);
            case Command.Put put -> put(put);
            case Command.DeleteRange(KeyRange range, boolean wantsBefore) -> delete(range, wantsBefore);
            case Command.Txn txn -> txn(txn);
            case Command.LeaseGrant(long id, long ttlMillis) -> grant(id, ttlMillis);
            case Command.LeaseRevoke(long id) -> revoke(id);
            case Command.LeaseExpire(long id, long expireTerm) ->
                term > expireTerm ? new Reply.Refused(Refusal.TERM_PASSED) : revoke(id);
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
        return refused == null ? reader.page(range) : new Reply.Refused(refused);
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
        return refused == null ? run(path) : new Reply.Refused(refused);
    }

    private @Nullable Refusal putRefusal(TxnPath path) {
        return path.firstRefusal(op -> {
            if (!(op instanceof Command.Put put)) return null;
            if (needsKey(put) && reader.current(put.key()) == null) return Refusal.KEY_NOT_FOUND;
            return put.lease() != 0 && rows.get(Tables.lease(put.lease())) == null ? Refusal.LEASE_NOT_FOUND : null;
        });
    }

    private Reply run(TxnPath path) {
        return path.run(op -> switch (op) {
            case Command.Range range -> reader.page(range);
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

    private Reply revoke(long id) {
        Bytes row = Tables.lease(id);
        if (rows.get(row) == null) return new Reply.Refused(Refusal.LEASE_NOT_FOUND);
        List<Bytes> keys = new ArrayList<>();
        rows.scan(Tables.attached(id), (attached, _) -> keys.add(Tables.keyOfAttached(attached)));
        for (Bytes key : keys) delete(key);
        rows.delete(row);
        bytes -= Stock.LEASE_BYTES;
        return new Reply.Revoked();
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

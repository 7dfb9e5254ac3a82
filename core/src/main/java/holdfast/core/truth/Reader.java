package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.Check;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Reads of the etcd space: pages at the newest and at old revisions, and compares. The newest revision is read
/// from current values, older ones from history.
final class Reader {
    private static final int PAIR_BYTES = 128; // its objects
    private static final int SPARE_PAIRS = 1_024; // kept beyond a limit before the list is cut

    private final ShelfView rows;
    private long compactRevision;
    private long revision;
    private long bytesLeft = Long.MAX_VALUE; // for the page under way; below 0 it is given up

    Reader(ShelfView rows, Tip tip) {
        this.rows = rows;
        this.revision = tip.revision();
        this.compactRevision = tip.compactRevision();
    }

    /// The writer has moved on.
    void at(long newest) {
        this.revision = newest;
    }

    void compacted(long toRevision) {
        this.compactRevision = toRevision;
    }

    @Nullable
    Refusal refusal(long atRevision) {
        if (atRevision == 0) return null;
        if (atRevision > revision) return Refusal.REVISION_IN_FUTURE;
        return atRevision < compactRevision ? Refusal.REVISION_COMPACTED : null;
    }

    /// @param query its revision was found good by [#refusal]
    Reply.Page page(Command.Range query) {
        long at = query.atRevision() <= 0 ? revision : query.atRevision();
        if (query.countOnly()) return new Reply.Page(List.of(), count(query.range(), at), false);
        boolean byKey = query.sort().target() == Command.Sort.Target.KEY;
        return byKey && !isFiltered(query) ? inKeyOrder(query, at) : sorted(query, at);
    }

    static boolean isFiltered(Command.Range query) {
        return (query.minModRevision() | query.maxModRevision()) != 0
                || (query.minCreateRevision() | query.maxCreateRevision()) != 0;
    }

    static boolean matches(Command.Range query, KeyValue pair) {
        return within(pair.modRevision(), query.minModRevision(), query.maxModRevision())
                && within(pair.createRevision(), query.minCreateRevision(), query.maxCreateRevision());
    }

    /// The same, or null when its pairs take more than `bytesMax`.
    Reply.@Nullable Page page(Command.Range query, long bytesMax) {
        bytesLeft = bytesMax;
        Reply.Page page = page(query);
        boolean tooLong = bytesLeft < 0;
        bytesLeft = Long.MAX_VALUE;
        return tooLong ? null : page;
    }

    @Nullable
    Row current(Bytes key) {
        Bytes row = rows.get(Tables.current(key));
        return row == null ? null : Row.decode(row);
    }

    /// Visits the living pairs of a range at the newest revision.
    void scanCurrent(KeyRange range, boolean ascending, Predicate<KeyValue> visit) {
        if (range.isEmpty()) return;
        if (range.isSingle()) {
            Row row = current(range.start());
            boolean _ = row != null && visit.test(row.pair(range.start())); // there is no next one to go on to
            return;
        }
        KeyRange table = Tables.current(range);
        if (ascending) rows.scan(table, (key, row) -> visit.test(pairOf(key, row)));
        else rows.scanBackwards(table, (key, row) -> visit.test(pairOf(key, row)));
    }

    boolean holds(Compare compare) {
        boolean[] holds = {true};
        boolean[] empty = {true};
        scanCurrent(compare.range(), true, pair -> {
            empty[0] = false;
            holds[0] = holds(compare, pair);
            return holds[0];
        });
        if (!empty[0]) return holds[0];
        return compare instanceof Compare.OfField
                && holds(compare, new KeyValue(compare.range().start(), Bytes.EMPTY, 0, 0, 0, 0));
    }

    /// The row of one write; a missing one is damage.
    Change change(long atRevision, int sub) {
        Bytes row = rows.get(Tables.history(atRevision, sub));
        Check.invariant(row != null, "history has no row for revision %d, sub %d", atRevision, sub);
        return Change.decode(Objects.requireNonNull(row));
    }

    private static boolean holds(Compare compare, KeyValue pair) {
        int order = switch (compare) {
            case Compare.OfValue by -> pair.value().compareTo(by.operand());
            case Compare.OfField by -> Long.compare(fieldOf(by.field(), pair), by.operand());
        };
        return switch (compare.relation()) {
            case EQUAL -> order == 0;
            case GREATER -> order > 0;
            case LESS -> order < 0;
            case NOT_EQUAL -> order != 0;
        };
    }

    private static long fieldOf(Compare.Field field, KeyValue pair) {
        return switch (field) {
            case VERSION -> pair.version();
            case CREATE_REVISION -> pair.createRevision();
            case MOD_REVISION -> pair.modRevision();
            case LEASE -> pair.lease();
        };
    }

    private static KeyValue pairOf(Bytes key, Bytes row) {
        return Row.decode(row).pair(Tables.keyOfCurrent(key));
    }

    long count(KeyRange range, long at) {
        if (range.isEmpty()) return 0;
        if (at == revision) {
            if (range.isSingle()) return rows.get(Tables.current(range.start())) == null ? 0 : 1;
            return rows.count(Tables.current(range));
        }
        long[] count = {0};
        VersionWalk.over(rows, range, at, (_, _, _) -> {
            count[0]++;
            return true;
        });
        return count[0];
    }

    void scanAt(KeyRange range, long at, Predicate<KeyValue> visit) {
        if (at == revision) scanCurrent(range, true, visit);
        else
            VersionWalk.over(
                    rows,
                    range,
                    at,
                    (key, mod, sub) -> visit.test(change(mod, sub).row().pair(key)));
    }

    private Reply.Page inKeyOrder(Command.Range query, long at) {
        if (at != revision && !query.sort().ascending()) return sorted(query, at);
        long limit = query.limitKeys() <= 0 ? Long.MAX_VALUE : query.limitKeys();
        List<KeyValue> pairs = new ArrayList<>();
        boolean[] more = {false};
        Predicate<KeyValue> take = pair -> {
            more[0] = pairs.size() >= limit;
            if (!more[0]) keep(shown(pair, query), pairs);
            return !more[0] && bytesLeft >= 0;
        };
        if (query.sort().ascending()) scanAt(query.range(), at, take);
        else scanCurrent(query.range(), false, take);
        return new Reply.Page(pairs, more[0] ? count(query.range(), at) : pairs.size(), more[0]);
    }

    private Reply.Page sorted(Command.Range query, long at) {
        List<KeyValue> pairs = new ArrayList<>();
        long[] count = {0, 0};
        Comparator<KeyValue> rising = orderOf(query.sort().target());
        Comparator<KeyValue> order = query.sort().ascending() ? rising : rising.reversed();
        boolean byValue = query.sort().target() == Command.Sort.Target.VALUE;
        scanAt(query.range(), at, pair -> {
            count[0]++;
            if (!matches(query, pair)) return true;
            count[1]++;
            keep(byValue ? pair : shown(pair, query), pairs);
            if (query.limitKeys() > 0 && pairs.size() >= SPARE_PAIRS + 2 * query.limitKeys()) cut(query, order, pairs);
            return bytesLeft >= 0;
        });
        cut(query, order, pairs);
        boolean more = query.limitKeys() > 0 && count[1] > query.limitKeys();
        return new Reply.Page(pairs.stream().map(pair -> shown(pair, query)).toList(), count[0], more);
    }

    /// Those behind the limit can be forgotten; what comes later stays behind its equals, as the order is stable.
    private void cut(Command.Range query, Comparator<KeyValue> order, List<KeyValue> pairs) {
        pairs.sort(order);
        if (query.limitKeys() <= 0 || pairs.size() <= query.limitKeys()) return;
        List<KeyValue> rest = pairs.subList((int) query.limitKeys(), pairs.size());
        for (KeyValue pair : rest) bytesLeft += bytesOf(pair);
        rest.clear();
    }

    private void keep(KeyValue pair, List<KeyValue> pairs) {
        pairs.add(pair);
        bytesLeft -= bytesOf(pair);
    }

    /// What a pair takes in memory, about.
    static long bytesOf(KeyValue pair) {
        return (long) PAIR_BYTES + pair.key().size() + pair.value().size();
    }

    static KeyValue shown(KeyValue pair, Command.Range query) {
        if (!query.keysOnly()) return pair;
        return new KeyValue(
                pair.key(), Bytes.EMPTY, pair.createRevision(), pair.modRevision(), pair.version(), pair.lease());
    }

    private static boolean within(long revision, long least, long most) {
        return (least == 0 || revision >= least) && (most == 0 || revision <= most);
    }

    private static Comparator<KeyValue> orderOf(Command.Sort.Target target) {
        return switch (target) {
            case KEY -> Comparator.comparing(KeyValue::key);
            case VERSION -> Comparator.comparingLong(KeyValue::version);
            case CREATE_REVISION -> Comparator.comparingLong(KeyValue::createRevision);
            case MOD_REVISION -> Comparator.comparingLong(KeyValue::modRevision);
            case VALUE -> Comparator.comparing(KeyValue::value);
        };
    }
}

package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Reads a page of any size in steps, so that memory holds one step of it. Pure, over a view that stands still: two
/// walks of one query over one view give the same pairs.
///
/// Only for pages in key order ([#canWalk]); any other order has to know all pairs first.
public final class PageWalk {
    private static final int ROWS_PER_STEP_MAX = 8_192; // those that filters pass over count, too

    private final Reader reader;
    private final Command.Range query;
    private final long at;
    private final long limit;
    private @Nullable KeyRange left;
    private long taken;
    private long count;
    private boolean more;

    /// @param query for which [#canWalk] holds, at a revision that `view` can show (see [Keyspace#range])
    public PageWalk(Command.Range query, ShelfView view) {
        Tip tip = Tip.of(view);
        this.reader = new Reader(view, tip);
        this.query = query;
        this.at = query.atRevision() <= 0 ? tip.revision() : query.atRevision();
        this.limit = query.limitKeys() <= 0 ? Long.MAX_VALUE : query.limitKeys();
        this.left = query.range().isEmpty() ? null : query.range();
    }

    /// Whether the pairs come in the order in which they lie.
    public static boolean canWalk(Command.Range query, ShelfView view) {
        if (query.countOnly() || query.sort().target() != Command.Sort.Target.KEY) return false;
        return query.sort().ascending()
                || query.atRevision() <= 0
                || query.atRevision() == Tip.of(view).revision();
    }

    /// Whether all was read.
    public boolean isOver() {
        return left == null;
    }

    /// Reads on. May find nothing and yet not be over.
    ///
    /// @param bytesMax about how many bytes of pairs to read, from 1; one pair may be larger
    public List<KeyValue> next(long bytesMax) {
        KeyRange range = left;
        if (range == null) return List.of();
        Step step = new Step(bytesMax);
        if (query.sort().ascending()) reader.scanAt(range, at, step);
        else reader.scanCurrent(range, false, step);
        left = step.rest(range);
        return step.pairs;
    }

    /// Keys in the range, before limit and filters. Known when it [#isOver].
    public long count() {
        return count;
    }

    /// Whether the limit cut it short. Known when it [#isOver].
    public boolean more() {
        return more;
    }

    private final class Step implements Predicate<KeyValue> {
        private final long bytesMax;
        private final List<KeyValue> pairs = new ArrayList<>();
        private long bytes;
        private int rows;
        private @Nullable Bytes last;

        Step(long bytesMax) {
            this.bytesMax = bytesMax;
        }

        @Override
        public boolean test(KeyValue pair) {
            count++;
            last = pair.key();
            if (Reader.matches(query, pair)) {
                if (taken == limit) {
                    more = true;
                } else {
                    taken++;
                    KeyValue shown = Reader.shown(pair, query);
                    bytes += shown.key().size() + shown.value().size();
                    pairs.add(shown);
                }
            }
            return bytes < bytesMax && ++rows < ROWS_PER_STEP_MAX && !(more && countsAtOnce());
        }

        /// Without filters the rest need not be looked at to be counted.
        private boolean countsAtOnce() {
            return !Reader.isFiltered(query);
        }

        private @Nullable KeyRange rest(KeyRange range) {
            Bytes reached = last;
            boolean stopped = bytes >= bytesMax || rows >= ROWS_PER_STEP_MAX || (more && countsAtOnce());
            if (reached == null || !stopped || range.isSingle()) return null;
            if (more && countsAtOnce()) {
                count = reader.count(query.range(), at);
                return null;
            }
            KeyRange rest = query.sort().ascending()
                    ? new KeyRange(reached.next(), range.end())
                    : new KeyRange(range.start(), reached);
            return rest.isEmpty() ? null : rest;
        }
    }
}

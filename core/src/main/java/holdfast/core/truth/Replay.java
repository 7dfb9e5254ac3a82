package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads changes back from history, whole revisions only. One key is found by its versions, a range by walking
/// all changes in order, at most so many that a step stays short.
final class Replay {
    /// Rows that a step may pass for one event wanted, when they do not match.
    static final int ROWS_PER_EVENT = 16;

    private static final int ROWS_LEAST = 1_024;

    /// A step ends with the revision in which its events have so many bytes: ten values of a MiB come at once,
    /// as they do from etcd (its TestWatchFragmentEnable).
    static final long BYTES_MAX = 12 << 20;

    private final ShelfView view;
    private final Reader reader;
    private final KeyRange range;
    private final int maxEvents;
    private final boolean wantsBefore;
    private final long compactRevision;
    private final List<Event> events = new ArrayList<>();
    private long throughRevision;
    private long lastRevision;
    private int seen;
    private long bytes;

    private Replay(ShelfView view, Tip tip, KeyRange range, int maxEvents, boolean wantsBefore) {
        this.view = view;
        this.reader = new Reader(view, tip);
        this.range = range;
        this.maxEvents = maxEvents;
        this.wantsBefore = wantsBefore;
        this.compactRevision = tip.compactRevision();
    }

    static History of(Keyspace.Span span, KeyRange range, int maxEvents, boolean wantsBefore, ShelfView view) {
        Tip tip = Tip.of(view);
        long from = Math.max(1, span.fromRevision());
        if (from < tip.compactRevision()) return new History.Compacted(tip.compactRevision());
        long to = Math.min(span.toRevision(), tip.revision());
        Replay replay = new Replay(view, tip, range, maxEvents, wantsBefore);
        replay.throughRevision = Math.max(to, from - 1);
        if (from <= to && !range.isEmpty()) replay.walk(from, to);
        return new History.Events(replay.events, replay.throughRevision, replay.seen);
    }

    private void walk(long from, long to) {
        if (range.isSingle())
            view.scanBackwards(
                    Tables.versions(range.start(), from, to),
                    (row, _) -> step(Tables.revisionOfVersion(row), Tables.subOfVersion(row), null));
        else
            view.scan(
                    Tables.history(from, 0, to),
                    (row, change) -> step(Tables.revisionOfHistory(row), Tables.subOfHistory(row), change));
    }

    private boolean step(long revision, int sub, @Nullable Bytes change) {
        if (revision != lastRevision) {
            if (events.size() >= maxEvents
                    || bytes >= BYTES_MAX
                    || seen >= Math.max(ROWS_LEAST, ROWS_PER_EVENT * maxEvents)) {
                throughRevision = lastRevision;
                return false;
            }
            lastRevision = revision;
        }
        seen++;
        if (change == null) add(event(reader.change(revision, sub)));
        else if (range.contains(Change.keyOf(change))) add(event(Change.decode(change)));
        return true;
    }

    private void add(Event event) {
        events.add(event);
        bytes += event.bytes();
    }

    private Event event(Change change) {
        Row row = change.row();
        return new Event(
                row.gone() ? Event.Kind.DELETE : Event.Kind.PUT,
                row.pair(change.key()),
                wantsBefore ? before(change) : null);
    }

    /// Below the compact revision nothing is readable, whether or not it still lies there (etcd v3 API,
    /// `prev_kv`).
    private @Nullable KeyValue before(Change change) {
        if (change.beforeRevision() == 0 || change.row().modRevision() <= compactRevision) return null;
        return reader.change(change.beforeRevision(), change.beforeSub()).row().pair(change.key());
    }
}

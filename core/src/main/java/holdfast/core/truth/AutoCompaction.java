package holdfast.core.truth;

import holdfast.core.base.Check;
import java.util.ArrayDeque;

/// When history is forgotten without anybody asking. Pure: the driver brings the time and the revision and
/// carries out what comes back (etcd, `etcdserver/api/v3compactor`).
///
/// By period: the revision is noted ten times a period (a period above an hour counts as an hour for this), and
/// the first compaction comes after one whole period, later ones each period or hour, to what was noted a period
/// ago. By revisions: every five minutes, so that so many stay.
public final class AutoCompaction {
    private static final long HOUR_NANOS = 3_600_000_000_000L;
    private static final long REVISION_EVERY_NANOS = 300_000_000_000L;
    private static final int NOTES_PER_INTERVAL = 10;

    /// What is kept: exactly one of the two is above 0, or neither when nothing is compacted.
    public record Retention(long periodNanos, long revisions) {
        public static final Retention ALL = new Retention(0, 0);

        public boolean isOn() {
            return periodNanos > 0 || revisions > 0;
        }
    }

    private final Retention retention;
    private final long noteEveryNanos;
    private final int notesMax;
    private final ArrayDeque<Long> notes = new ArrayDeque<>(); // revisions, oldest first
    private long nextNanos;
    private long succeededNanos;
    private long waitNanos;
    private long compacted;
    private boolean begun;

    public AutoCompaction(Retention retention) {
        Check.invariant(retention.isOn(), "nothing to do by %s", retention);
        this.retention = retention;
        long interval = Math.min(retention.periodNanos(), HOUR_NANOS);
        noteEveryNanos =
                retention.periodNanos() > 0 ? Math.max(1, interval / NOTES_PER_INTERVAL) : REVISION_EVERY_NANOS;
        notesMax = (int) (retention.periodNanos() / noteEveryNanos) + 1;
        waitNanos = retention.periodNanos();
    }

    /// Call it now and then, at least as often as a tenth of the period.
    ///
    /// @param leads whether this member leads; others only take notes
    /// @return the revision to compact to, 0 when there is nothing to do; answer with [#done]
    public long tick(long nowNanos, long revision, boolean leads) {
        if (!begun) {
            begun = true;
            succeededNanos = nowNanos;
            note(revision);
            nextNanos = nowNanos + noteEveryNanos;
            return 0;
        }
        if (nowNanos - nextNanos < 0) return 0;
        nextNanos = nowNanos + noteEveryNanos;
        long target = retention.periodNanos() > 0 ? byPeriod(nowNanos) : revision - retention.revisions();
        note(revision);
        return leads && target > 0 && target != compacted ? target : 0;
    }

    private long byPeriod(long nowNanos) {
        return nowNanos - succeededNanos < waitNanos ? 0 : notes.getFirst();
    }

    private void note(long revision) {
        notes.addLast(revision);
        if (notes.size() > notesMax) notes.removeFirst();
    }

    /// What [#tick] asked for was done, or had been done before.
    public void done(long nowNanos, long revision) {
        compacted = revision;
        succeededNanos = nowNanos;
        waitNanos = Math.min(retention.periodNanos(), HOUR_NANOS);
    }
}

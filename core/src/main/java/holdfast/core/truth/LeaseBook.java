package holdfast.core.truth;

import holdfast.core.base.Require;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/// How long each lease has left. Pure: the caller brings the time (boot time, which counts suspend). One thread.
///
/// Every member keeps a book, so that a new leader goes on counting where the old one was: a dead client's lease ends
/// in time however often the lead changes. But only the leader's book names leases that are due, and renews.
///
/// A follower knows when a grant or a renewal came through the log; the leader answers most renewals without it. The
/// *kept* date lies between the two: half a TTL beyond what the log promised. The leader may promise up to three
/// eighths of a TTL beyond the moment at which it appended the log's last word ([#needsLog]), by the caller's clock,
/// stalls and all; so it never promises what a follower would not keep, who heard of it later than that. Whoever comes
/// to lead starts from its kept dates, and promises nothing beyond a word that it did not append itself.
///
/// A member that restarts knows no dates. So the leader has the log say how long those leases are kept that nobody has
/// renewed for a while ([#fading]): they would otherwise live on for as long as members restart and take over in turn.
/// Such a word may come late, from a leader that was deposed meanwhile: it says which entries it knows of, and counts
/// for nothing once a later one renewed the lease.
///
/// Never early: a lease is due only when its whole time has passed on this clock since it was granted or renewed.
/// Time in which this member stood still, or in which there was no leader, does not count: nobody could renew then. So
/// dates in here are on the book's own clock, which is the caller's less all that.
///
/// Worked example, TTL 8 s. Granted at 0: due at 8, kept until 12. Renewed at 2.6, which the log need not know: due at
/// 10.6. Renewed at 5.2, beyond 3: the log hears of it, due at 13.2, kept until 17.2. If the leader dies now and the
/// client with it, the next leader ends the lease at 17.2.
public final class LeaseBook {
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long TTL_NANOS_MAX = Long.MAX_VALUE / 8; // 36 years; sums with a date must not overflow
    private static final int KEPT_HALVES = 3;
    private static final int UNLOGGED_EIGHTHS = 3;
    private static final int FADING_QUARTERS = 3; // of a TTL since the log spoke of it: its client missed two renewals
    private static final int LOOKS_MAX = 1_000; // in one step

    private final int dueMax;
    private final long stallLimitNanos;
    private final long againNanos;
    private final TreeMap<Long, Entry> leases = new TreeMap<>();
    private final TreeSet<Entry> byDue =
            new TreeSet<>(Comparator.comparingLong(Entry::dueNanos).thenComparingLong(Entry::id)); // while leading
    private boolean leading;
    private boolean begun;
    private long creditNanos;
    private long tickedNanos;
    private long lookedAtId = Long.MIN_VALUE; // by [#fading]
    private long electedNanos; // on the caller's clock

    /// An entry that grants or renews leases.
    ///
    /// @param index the entry's
    /// @param appendedNanos at or before the moment at which this member, leading, appended it, on the caller's
    ///     clock; unused of what others appended
    /// @param nowNanos on the caller's clock, when it was applied here
    public record Word(long index, long appendedNanos, long nowNanos) {}

    /// @param index of the entry that last granted or renewed it
    /// @param appendedNanos see [Word]
    /// @param loggedNanos when the log last spoke of it, on the book's clock
    /// @param dueNanos on the book's clock; means something while leading
    /// @param toldNanos when this leader last had the log say how long it is kept
    /// @param over found due once by this leader: it cannot be renewed any more
    private record Entry(
            long id,
            long ttlMillis,
            long index,
            long appendedNanos,
            long loggedNanos,
            long dueNanos,
            long toldNanos,
            boolean over) {
        Entry logged(Word word, long nowNanos) {
            return new Entry(id, ttlMillis, word.index, word.appendedNanos, nowNanos, dueNanos, nowNanos, over);
        }

        Entry kept(long fromNanos) {
            return new Entry(id, ttlMillis, index, appendedNanos, fromNanos, dueNanos, toldNanos, over);
        }

        Entry due(long atNanos, boolean isOver) {
            return new Entry(id, ttlMillis, index, appendedNanos, loggedNanos, atNanos, toldNanos, isOver);
        }

        Entry told(long nowNanos) {
            return new Entry(id, ttlMillis, index, appendedNanos, loggedNanos, dueNanos, nowNanos, over);
        }

        long halfTtlsNanos(int halves) {
            return ttlNanos() / 2 * halves;
        }

        long ttlNanos() {
            return ttlMillis >= TTL_NANOS_MAX / NANOS_PER_MILLI
                    ? TTL_NANOS_MAX
                    : Math.max(0, ttlMillis) * NANOS_PER_MILLI;
        }

        long keptNanos() {
            return loggedNanos + halfTtlsNanos(KEPT_HALVES);
        }
    }

    /// @param dueMax most ids that one tick returns, from 1
    /// @param stallLimitNanos a gap between two ticks longer than this is the member's own stall: all of it is
    /// credited to all leases; several times the tick's period
    /// @param againNanos a due lease is returned again when it was not revoked for so long
    public LeaseBook(int dueMax, long stallLimitNanos, long againNanos) {
        Require.atLeast("lease due max", dueMax, 1);
        Require.atLeast("lease stall limit", stallLimitNanos, 1);
        Require.atLeast("lease again", againNanos, 1);
        this.dueMax = dueMax;
        this.stallLimitNanos = stallLimitNanos;
        this.againNanos = againNanos;
    }

    /// These are all leases that there are; what was promised about them nobody here knows. After a start, or when
    /// a snapshot replaced the state: every lease starts again.
    ///
    /// @param word the last entry in that state
    public void learned(Word word, List<Lease> all) {
        leases.clear();
        byDue.clear();
        for (Lease lease : all) granted(word, lease);
    }

    /// This member leads from now on, and knows all that the log holds.
    public void elected(long nowNanos) {
        pass(nowNanos, false);
        leading = true;
        electedNanos = nowNanos;
        byDue.clear();
        leases.replaceAll((_, entry) -> entry.due(entry.keptNanos(), false));
        byDue.addAll(leases.values());
    }

    /// This member leads no longer.
    public void deposed() {
        leading = false;
        byDue.clear();
        leases.replaceAll((_, entry) -> entry.due(entry.dueNanos, false));
    }

    public boolean leading() {
        return leading;
    }

    /// Takes the grants and revokes out of what was applied. Call it for every batch.
    public void offer(Word word, Batch batch, Applied applied) {
        for (int index = 0; index < applied.replies().size(); index++) {
            switch (applied.replies().get(index).reply()) {
                case Reply.Granted(long id, long ttlMillis) -> granted(word, new Lease(id, ttlMillis));
                case Reply.Revoked _ ->
                    revoked(idOf(Command.bare(batch.commands().get(index))));
                case Reply.Page _,
                        Reply.Putted _,
                        Reply.Deleted _,
                        Reply.Txned _,
                        Reply.Compacted _,
                        Reply.Alarmed _,
                        Reply.OfAuth _,
                        Reply.Refused _ -> {}
            }
        }
    }

    public void granted(Word word, Lease lease) {
        long now = on(word.nowNanos);
        Entry entry = new Entry(lease.id(), lease.ttlMillis(), word.index, word.appendedNanos, now, now, now, false);
        put(entry.due(now + entry.ttlNanos(), false));
    }

    /// The log said that a lease was renewed.
    public void logged(Word word, long id) {
        Entry entry = leases.get(id);
        if (entry == null || entry.over) return;
        put(entry.logged(word, on(word.nowNanos)));
    }

    /// Whether the log has to hear of a renewal before it may be promised to the client.
    public boolean needsLog(long nowNanos, long id) {
        Entry entry = leases.get(id);
        if (entry == null || entry.over) return false;
        return entry.appendedNanos < electedNanos
                || nowNanos - entry.appendedNanos > entry.ttlNanos() / 8 * UNLOGGED_EIGHTHS;
    }

    /// Renews; only while leading.
    ///
    /// @return the granted TTL in milliseconds, or 0 when there is no such lease or it was already found due
    public long renewed(long nowNanos, long id) {
        Entry entry = leases.get(id);
        if (!leading || entry == null || entry.over) return 0;
        put(entry.due(on(nowNanos) + entry.ttlNanos(), false));
        return entry.ttlMillis;
    }

    public void revoked(long id) {
        Entry entry = leases.remove(id);
        if (entry != null) byDue.remove(entry);
    }

    /// Ids whose time is over, soonest first: propose a [Command.LeaseExpire] for each. From here on they
    /// cannot be renewed. What is over the bound comes with the next tick. None while not leading.
    ///
    /// @param hasLeader whether there is somebody who could renew
    public List<Long> tick(long nowNanos, boolean hasLeader) {
        pass(nowNanos, !hasLeader);
        if (!leading) return List.of();
        long now = on(nowNanos);
        List<Long> due = new ArrayList<>();
        while (due.size() < dueMax && !byDue.isEmpty() && byDue.first().dueNanos <= now) {
            Entry entry = byDue.first();
            due.add(entry.id);
            put(entry.due(now + againNanos, true));
        }
        return due;
    }

    /// How long a lease is kept yet.
    public record Kept(long id, long leftMillis) {}

    /// Leases that nobody has renewed for a while and of which the log should say how long they are kept. Each once in
    /// a quarter of its TTL; looks at a part of all leases each time. None while not leading.
    public List<Kept> fading(long nowNanos) {
        if (!leading) return List.of();
        long now = on(nowNanos);
        List<Kept> fading = new ArrayList<>();
        List<Entry> told = new ArrayList<>();
        int looks = 0;
        for (Entry entry : leases.tailMap(lookedAtId, false).values()) {
            if (looks == LOOKS_MAX) break;
            looks++;
            lookedAtId = entry.id;
            long quarter = entry.ttlNanos() / 4;
            boolean fades = now - entry.loggedNanos >= quarter * FADING_QUARTERS && now - entry.toldNanos >= quarter;
            if (entry.over || !fades) continue;
            fading.add(new Kept(entry.id, Math.max(0, millisUp(entry.keptNanos() - now))));
            told.add(entry.told(now));
        }
        if (looks < LOOKS_MAX) lookedAtId = Long.MIN_VALUE;
        told.forEach(this::put);
        return fading;
    }

    /// The log said how long a lease is kept.
    ///
    /// @param knownIndex of the last entry that the leader knew when it said so
    public void kept(long nowNanos, long knownIndex, Kept kept) {
        Entry entry = leases.get(kept.id());
        if (entry == null || entry.over || entry.index > knownIndex) return;
        long logged = on(nowNanos) + kept.leftMillis() * NANOS_PER_MILLI - entry.halfTtlsNanos(KEPT_HALVES);
        if (logged < entry.loggedNanos) put(entry.kept(logged));
    }

    private static long millisUp(long nanos) {
        return (nanos + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI;
    }

    private void pass(long nowNanos, boolean uncounted) {
        if (begun && (uncounted || nowNanos - tickedNanos > stallLimitNanos)) creditNanos += nowNanos - tickedNanos;
        tickedNanos = nowNanos;
        begun = true;
    }

    /// The same ids, what ends next first; those that are not in the book last, in the order given.
    public List<Long> soonestFirst(List<Long> ids) {
        List<Long> sorted = new ArrayList<>(ids);
        sorted.sort(Comparator.comparingLong(this::dueNanos));
        return List.copyOf(sorted);
    }

    private long dueNanos(long id) {
        Entry entry = leases.get(id);
        return entry == null ? Long.MAX_VALUE : entry.dueNanos;
    }

    /// @return milliseconds left, rounded up, 0 when it is due, -1 when there is no such lease or this member does
    ///     not lead
    public long remainingMillis(long nowNanos, long id) {
        Entry entry = leases.get(id);
        if (!leading || entry == null) return -1;
        long leftNanos = Math.min(entry.ttlNanos(), entry.dueNanos - on(nowNanos)); // an inherited date may lie beyond
        return entry.over || leftNanos <= 0 ? 0 : millisUp(leftNanos);
    }

    /// @return the granted TTL in milliseconds, -1 when there is no such lease
    public long grantedMillis(long id) {
        Entry entry = leases.get(id);
        return entry == null ? -1 : entry.ttlMillis;
    }

    private long on(long nowNanos) {
        return nowNanos - creditNanos;
    }

    private void put(Entry entry) {
        Entry before = leases.put(entry.id, entry);
        if (!leading) return;
        if (before != null) byDue.remove(before);
        byDue.add(entry);
    }

    private static long idOf(Command command) {
        return switch (command) {
            case Command.LeaseRevoke revoke -> revoke.id();
            case Command.LeaseExpire expire -> expire.id();
            case Command.Op _,
                    Command.LeaseGrant _,
                    Command.Compact _,
                    Command.SystemPut _,
                    Command.SetAlarm _,
                    Command.AuthChange _,
                    Command.OnBehalf _ -> throw new IllegalStateException(command + " was answered as a revoke");
        };
    }
}

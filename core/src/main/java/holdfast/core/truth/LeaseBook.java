package holdfast.core.truth;

import holdfast.core.base.Require;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/// How long each lease has left, as the leader counts it. Pure: the caller brings the time (boot time, which
/// counts suspend). Never early: a lease is due only when its whole time has passed on this clock since it was
/// granted, renewed or inherited by election. One thread.
///
/// Time in which the leader itself stood still does not count: nobody could renew then. So dates in here are on
/// the book's own clock, which is the caller's less all stalls.
public final class LeaseBook {
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long TTL_NANOS_MAX = Long.MAX_VALUE / 4; // 73 years; the sum with a date must not overflow

    private final int dueMax;
    private final long stallLimitNanos;
    private final long againNanos;
    private final TreeMap<Long, Entry> leases = new TreeMap<>();
    private final TreeSet<Entry> byDue =
            new TreeSet<>(Comparator.comparingLong(Entry::dueNanos).thenComparingLong(Entry::id));
    private boolean leading;
    private long creditNanos;
    private long tickedNanos;

    /// @param dueNanos on the book's clock
    /// @param over found due once: it cannot be renewed any more
    private record Entry(long id, long ttlMillis, long dueNanos, boolean over) {}

    /// @param dueMax most ids that one tick returns, from 1
    /// @param stallLimitNanos a gap between two ticks longer than this is the leader's own stall: all of it is
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

    /// This member leads from now on: every lease starts again in full.
    public void elected(long nowNanos, List<Lease> inherited) {
        deposed();
        leading = true;
        creditNanos = 0;
        tickedNanos = nowNanos;
        for (Lease lease : inherited) granted(nowNanos, lease);
    }

    /// This member leads no longer: the book is empty until the next election.
    public void deposed() {
        leading = false;
        leases.clear();
        byDue.clear();
    }

    public boolean leading() {
        return leading;
    }

    /// Takes the grants and revokes out of what was applied. Call it for every batch; it does nothing while not
    /// leading.
    public void offer(long nowNanos, Batch batch, Applied applied) {
        if (!leading) return;
        for (int index = 0; index < applied.replies().size(); index++) {
            switch (applied.replies().get(index).reply()) {
                case Reply.Granted(long id, long ttlMillis) -> granted(nowNanos, new Lease(id, ttlMillis));
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

    public void granted(long nowNanos, Lease lease) {
        if (leading) put(full(nowNanos, lease.id(), lease.ttlMillis()));
    }

    /// @return the granted TTL in milliseconds, or 0 when there is no such lease or it was already found due
    public long renewed(long nowNanos, long id) {
        Entry entry = leases.get(id);
        if (entry == null || entry.over) return 0;
        put(full(nowNanos, id, entry.ttlMillis));
        return entry.ttlMillis;
    }

    public void revoked(long id) {
        Entry entry = leases.remove(id);
        if (entry != null) byDue.remove(entry);
    }

    /// Ids whose time is over, soonest first: propose a [Command.LeaseExpire] for each. From here on they
    /// cannot be renewed. What is over the bound comes with the next tick.
    public List<Long> tick(long nowNanos) {
        if (!leading) return List.of();
        if (nowNanos - tickedNanos > stallLimitNanos) creditNanos += nowNanos - tickedNanos;
        tickedNanos = nowNanos;
        long now = nowNanos - creditNanos;
        List<Long> due = new ArrayList<>();
        while (due.size() < dueMax && !byDue.isEmpty() && byDue.first().dueNanos <= now) {
            Entry entry = byDue.first();
            due.add(entry.id);
            put(new Entry(entry.id, entry.ttlMillis, now + againNanos, true));
        }
        return due;
    }

    /// @return milliseconds left, rounded up, 0 when it is due, -1 when there is no such lease
    public long remainingMillis(long nowNanos, long id) {
        Entry entry = leases.get(id);
        if (entry == null) return -1;
        long leftNanos = entry.dueNanos - (nowNanos - creditNanos);
        return entry.over || leftNanos <= 0 ? 0 : (leftNanos + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI;
    }

    /// @return the granted TTL in milliseconds, -1 when there is no such lease
    public long grantedMillis(long id) {
        Entry entry = leases.get(id);
        return entry == null ? -1 : entry.ttlMillis;
    }

    private Entry full(long nowNanos, long id, long ttlMillis) {
        long ttlNanos =
                ttlMillis >= TTL_NANOS_MAX / NANOS_PER_MILLI ? TTL_NANOS_MAX : Math.max(0, ttlMillis) * NANOS_PER_MILLI;
        return new Entry(id, ttlMillis, nowNanos - creditNanos + ttlNanos, false);
    }

    private void put(Entry entry) {
        Entry before = leases.put(entry.id, entry);
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

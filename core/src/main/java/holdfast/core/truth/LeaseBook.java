package holdfast.core.truth;

import java.util.List;

/// How long each lease has left, as the leader counts it. Pure: the caller brings the time (boot time, which counts
/// suspend). Never early: a lease is due only when its whole time has passed on this clock since it was granted,
/// renewed or inherited by election. One thread.
public final class LeaseBook {

    /// @param dueMax most ids that one tick returns, from 1
    /// @param stallLimitNanos a gap between two ticks longer than this is the leader's own stall: it is credited to
    /// all
    /// leases
    /// @param againNanos a due lease is returned again when it was not revoked for so long
    public LeaseBook(int dueMax, long stallLimitNanos, long againNanos) {
        throw new UnsupportedOperationException();
    }

    /// This member leads from now on: every lease starts again in full.
    public void elected(long nowNanos, List<Lease> leases) {
        throw new UnsupportedOperationException();
    }

    /// This member leads no longer: the book is empty until the next election.
    public void deposed() {
        throw new UnsupportedOperationException();
    }

    public boolean leading() {
        throw new UnsupportedOperationException();
    }

    /// Takes the grants and revokes out of what was applied. Call it for every batch while leading.
    public void offer(long nowNanos, Batch batch, Applied applied) {
        throw new UnsupportedOperationException();
    }

    public void granted(long nowNanos, Lease lease) {
        throw new UnsupportedOperationException();
    }

    /// @return the granted TTL in milliseconds, or 0 when there is no such lease or it was already found due
    public long renewed(long nowNanos, long id) {
        throw new UnsupportedOperationException();
    }

    public void revoked(long id) {
        throw new UnsupportedOperationException();
    }

    /// Ids whose time is over, soonest first: propose a [Command.LeaseExpire] for each. From here on they cannot be
    /// renewed.
    public List<Long> tick(long nowNanos) {
        throw new UnsupportedOperationException();
    }

    /// @return milliseconds left, rounded up, 0 when it is due, -1 when there is no such lease
    public long remainingMillis(long nowNanos, long id) {
        throw new UnsupportedOperationException();
    }

    /// @return the granted TTL in milliseconds, -1 when there is no such lease
    public long grantedMillis(long id) {
        throw new UnsupportedOperationException();
    }
}

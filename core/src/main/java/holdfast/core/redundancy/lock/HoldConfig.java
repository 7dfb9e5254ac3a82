package holdfast.core.redundancy.lock;

import holdfast.core.base.Require;
import java.time.Duration;

/// How long a lock outlives whoever holds it, and how long a command may take to end. The defaults are here and
/// nowhere else; `docs/decisions/0018` says why they are what they are.
///
/// @param ttl of the lease, 1 s to 1 h, in whole seconds for the store; the store may raise it
/// @param grace between SIGTERM and SIGKILL, at most half the TTL, during which the store still keeps the lock
public record HoldConfig(Duration ttl, Duration grace) {
    public static final Duration DEFAULT_TTL = Duration.ofSeconds(10);
    private static final Duration GRACE_MOST = Duration.ofSeconds(3);

    private static final int RENEWALS_PER_TTL = 6;
    private static final int MARGIN_SHARE = 8;
    private static final long MARGIN_NANOS_MIN = 150_000_000;
    private static final long MARGIN_NANOS_MAX = 5_000_000_000L;
    private static final int GUARD_SHARE = 4;

    public HoldConfig {
        Require.between("lock.ttl", ttl, Duration.ofSeconds(1), Duration.ofHours(1));
        Require.between("lock.grace", grace, Duration.ZERO, ttl.dividedBy(2));
    }

    /// With the grace that suits the TTL: three tenths of it, 3 s at most.
    public static HoldConfig of(Duration ttl) {
        Require.between("lock.ttl", ttl, Duration.ofSeconds(1), Duration.ofHours(1));
        Duration share = ttl.multipliedBy(3).dividedBy(10);
        return new HoldConfig(ttl, share.compareTo(GRACE_MOST) < 0 ? share : GRACE_MOST);
    }

    /// What is left unused of the lease's time: for the kill to take effect, and for clocks of different rates
    /// (0.1 % apart even at the longest TTL).
    static long marginNanos(long ttlNanos) {
        return Math.min(Math.max(ttlNanos / MARGIN_SHARE, MARGIN_NANOS_MIN), MARGIN_NANOS_MAX);
    }

    /// How much later than we ourselves a guard kills, who has nothing to do but that.
    static long guardNanos(long ttlNanos) {
        return marginNanos(ttlNanos) / GUARD_SHARE;
    }

    static long renewEveryNanos(long ttlNanos) {
        return ttlNanos / RENEWALS_PER_TTL;
    }
}

package holdfast.server.healing.failover;

import holdfast.core.healing.recover.failover.ClusterState;
import holdfast.core.healing.recover.failover.Lsn;
import holdfast.server.base.Ticker;
import org.jspecify.annotations.Nullable;

/// Tells in the incident what the rewind of a former primary found; again and again for a while, since the incident
/// may not be written yet. One thread, the keeper's.
final class Homecoming {
    private static final long EVERY_NANOS = 1_000_000_000;
    private static final long LIMIT_NANOS = 60_000_000_000L;

    private final Desk desk;
    private final Ticker ticker;
    private @Nullable Found found;
    private long nextNanos;
    private long lastNanos;

    Homecoming(Desk desk, Ticker ticker) {
        this.desk = desk;
        this.ticker = ticker;
    }

    /// What was found.
    ///
    /// @param term that began without us
    /// @param bytes of our log beyond the beginning of its timeline
    record Found(long term, long bytes) {}

    /// @param end of our log before the rewind; zero when that is not known
    void rewound(ClusterState state, Lsn end) {
        if (end.equals(Lsn.ZERO)) return;
        found = new Found(state.term(), end.since(state.forkedAt()));
        nextNanos = ticker.nanos();
        lastNanos = nextNanos + LIMIT_NANOS;
    }

    void tell() {
        Found untold = found;
        if (untold == null || ticker.nanos() < nextNanos) return;
        nextNanos = ticker.nanos() + EVERY_NANOS;
        if (desk.tell(untold, ticker.wallMillis()) || ticker.nanos() > lastNanos) found = null;
    }
}

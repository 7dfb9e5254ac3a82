package holdfast.server.truth.etcd;

/// How often one client may ping, as gRPC servers judge it: sooner than the least time after the ping before is a
/// strike, without a call under way two hours is the least time; whatever the server sends forgives all strikes. Pure.
final class PingRule {
    /// With more strikes the client is sent away.
    private static final int STRIKES_MAX = 2;

    private static final long IDLE_MIN_NANOS = 2L * 60 * 60 * 1_000_000_000;

    private final long minNanos;
    private long lastPingNanos;
    private boolean pinged;
    private boolean forgiven;
    private int strikes;

    /// @param minNanos least time between two pings while calls are under way; 0 allows all
    PingRule(long minNanos) {
        this.minNanos = minNanos;
    }

    /// The server sent something that is no answer to a ping.
    void sent() {
        forgiven = true;
    }

    /// Judges one ping.
    ///
    /// @param callsOpen calls under way on the connection
    /// @return whether the client must go
    boolean isTooMany(long nowNanos, int callsOpen) {
        long before = lastPingNanos;
        boolean first = !pinged;
        lastPingNanos = nowNanos;
        pinged = true;
        if (forgiven || first || minNanos == 0) {
            forgiven = false;
            strikes = 0;
            return false;
        }
        long least = callsOpen > 0 ? minNanos : Math.max(minNanos, IDLE_MIN_NANOS);
        if (nowNanos - before < least) strikes++;
        return strikes > STRIKES_MAX;
    }
}

package holdfast.core.healing.detect;

/// How surprising a silence is, from the intervals heard so far: phi = -log10 of the chance that a heartbeat
/// comes later than now (Hayashibara, Defago, Yared, Katayama 2004, sections 4.2 and 5). The normal
/// distribution's tail is the logistic approximation of Bowling and others 2009. Only [StrictMath], so that every
/// replay agrees. One thread.
final class PhiAccrual {
    static final int WINDOW = 64;
    /// What an impossible silence is worth; the chance underflows near here.
    static final long PHI_MILLI_MAX = 300_000;

    private static final double DEVIATION_LEAST_SHARE = 0.4; // of the expected interval: floors the deviation

    private final long expectedNanos;
    private final long forgivenNanos;
    private final long[] intervals = new long[WINDOW];
    private int count;
    private int next;
    private long lastNanos;

    /// @param expectedNanos interval to begin with, at least 1
    /// @param forgivenNanos added to the mean
    /// @param startNanos counts as the first heartbeat
    PhiAccrual(long expectedNanos, long forgivenNanos, long startNanos) {
        this.expectedNanos = expectedNanos;
        this.forgivenNanos = forgivenNanos;
        this.lastNanos = startNanos;
    }

    /// Times never fall; one that does is taken as the last.
    void hear(long nowNanos) {
        long interval = nowNanos - lastNanos;
        if (interval < 0) return;
        // One long silence that ended must not make the next one look usual.
        intervals[next] = Math.min(interval, 4 * expectedNanos);
        next = (next + 1) % WINDOW;
        count = Math.min(count + 1, WINDOW);
        lastNanos = nowNanos;
    }

    long lastNanos() {
        return lastNanos;
    }

    /// Thousandths of phi, 0 to [#PHI_MILLI_MAX].
    long phiMilli(long nowNanos) {
        double mean = mean();
        double deviation = Math.max(deviation(mean), expectedNanos * DEVIATION_LEAST_SHARE);
        double y = (nowNanos - lastNanos - forgivenNanos - mean) / deviation;
        double e = StrictMath.exp(-y * (1.5976 + 0.070566 * y * y));
        double later = y > 0 ? e / (1 + e) : 1 - 1 / (1 + e);
        if (later <= 0 || Double.isNaN(later)) return y > 0 ? PHI_MILLI_MAX : 0;
        return Math.clamp((long) (-1_000 * StrictMath.log10(later)), 0, PHI_MILLI_MAX);
    }

    private double mean() {
        if (count == 0) return expectedNanos;
        double sum = 0;
        for (int index = 0; index < count; index++) sum += intervals[index];
        return sum / count;
    }

    private double deviation(double mean) {
        if (count == 0) return expectedNanos;
        double sum = 0;
        for (int index = 0; index < count; index++) {
            double off = intervals[index] - mean;
            sum += off * off;
        }
        return StrictMath.sqrt(sum / count);
    }
}

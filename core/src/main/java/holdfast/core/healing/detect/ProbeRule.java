package holdfast.core.healing.detect;

import holdfast.core.healing.fleet.CheckSpec;

/// One witness' view of one check: answers in a row, so that a single lost packet flips nothing. One thread.
final class ProbeRule {
    private final CheckSpec.Timing timing;
    private int failuresInRow;
    private int passesInRow;
    private long firstFailureNanos;
    private long heardNanos;
    private boolean heard;
    private Signal.Result last = Signal.Result.OK;
    private String detail = "";

    ProbeRule(CheckSpec.Timing timing) {
        this.timing = timing;
    }

    void hear(Signal.Probed probed, long nowNanos) {
        boolean ok = probed.result() == Signal.Result.OK;
        // A witness that was itself late accuses nobody (Lifeguard: Dadgar, Phillips, Currey 2018, section 3).
        boolean doubtful = probed.result() == Signal.Result.TIMEOUT
                && probed.stalledNanos() * 2 > timing.timeout().toNanos();
        if (doubtful) return;
        if (ok) {
            passesInRow++;
            failuresInRow = 0;
        } else {
            if (failuresInRow == 0)
                firstFailureNanos = nowNanos
                        - Math.min(probed.latencyNanos(), timing.timeout().toNanos());
            failuresInRow++;
            passesInRow = 0;
        }
        last = probed.result();
        detail = probed.detail();
        heardNanos = nowNanos;
        heard = true;
    }

    /// Whether its newest answer is young enough to stand for now.
    boolean isFresh(long nowNanos) {
        long horizonNanos = 2 * timing.every().toNanos() + timing.timeout().toNanos() + 500_000_000L;
        return heard && nowNanos - heardNanos <= horizonNanos;
    }

    /// Whether its next answer is overdue: what it saw last may be out of date.
    boolean isOverdue(long nowNanos) {
        long dueNanos = timing.every().toNanos() + timing.timeout().toNanos() + 250_000_000L;
        return !heard || nowNanos - heardNanos > dueNanos;
    }

    /// Refused once, or failures enough in a row.
    boolean isIll(long nowNanos) {
        return isFresh(nowNanos) && (last == Signal.Result.REFUSED || failuresInRow >= timing.failures());
    }

    /// One failure short of ill, or there: enough to second another witness.
    boolean isNearlyIll(long nowNanos) {
        return isFresh(nowNanos)
                && (last == Signal.Result.REFUSED || failuresInRow >= Math.max(1, timing.failures() - 1));
    }

    /// @param factor passes wanted are those of the check times this, at least 1
    boolean isWell(int factor, long nowNanos) {
        return isFresh(nowNanos) && passesInRow >= timing.passes() * factor;
    }

    boolean isFailing() {
        return failuresInRow > 0;
    }

    int failuresInRow() {
        return failuresInRow;
    }

    int passesInRow() {
        return passesInRow;
    }

    long firstFailureNanos() {
        return firstFailureNanos;
    }

    long heardNanos() {
        return heardNanos;
    }

    Signal.Result last() {
        return last;
    }

    String detail() {
        return detail;
    }
}

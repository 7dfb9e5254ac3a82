package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import io.microraft.executor.RaftNodeExecutor;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Time and threads as the engine sees them. The engine counts heartbeats in whole seconds, so its clock runs
/// fast: one of its seconds is one heartbeat period of ours, and every delay that it asks for shrinks alike.
/// Worked example with a heartbeat of 40 ms: the engine runs 25 times faster; its leader timeout of 5 s is 200
/// ms; a lost append is repeated after its 1 s, which is 40 ms.
final class EngineTime extends Clock implements RaftNodeExecutor {
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final long START_MILLIS = 1_000_000_000L; // far from 0, which the engine takes for "never heard"

    /// Room in the engine's log beyond what we let wait: each election without a commit adds an entry, and a leader
    /// that finds the log full could never commit again.
    private static final int SPARE_ENTRIES = 1_000;

    private final EngineHost host;
    private final Consumer<Runnable> enter;
    private final long secondNanos; // of real time
    private final long originNanos;
    private final Noise noise;
    private final long leaderTimeoutSecs;
    private long skippedMillis;

    /// @param enter runs a step of the engine, now
    EngineTime(EngineHost host, RaftConfig config, Dice dice, Consumer<Runnable> enter) {
        this.host = host;
        this.enter = enter;
        secondNanos = config.heartbeatEvery().toNanos();
        originNanos = host.nanos();
        leaderTimeoutSecs = Math.ceilDiv(
                config.leaderTimeout().toNanos(), config.heartbeatEvery().toNanos());
        noise = new Noise(dice, (int) engineMillis(config.electionTimeout().toNanos()));
    }

    io.microraft.RaftConfig engineConfig(RaftConfig config) {
        return io.microraft.RaftConfig.newBuilder()
                .setLeaderHeartbeatPeriodSecs(1)
                .setLeaderHeartbeatTimeoutSecs(leaderTimeoutSecs)
                .setLeaderElectionTimeoutMillis(
                        engineMillis(config.electionTimeout().toNanos()))
                .setCommitCountToTakeSnapshot(config.snapshotEvery())
                .setMaxPendingLogEntryCount(config.pendingMax() + SPARE_ENTRIES)
                .setAppendEntriesRequestBatchSize(config.entriesPerMessage())
                .setTransferSnapshotsFromFollowersEnabled(false) // files differ by member
                .setRaftNodeReportPublishPeriodSecs(100_000) // nobody reads it
                .build();
    }

    /// The leader timeout in the engine's own milliseconds.
    long leaderTimeoutMillis() {
        return leaderTimeoutSecs * 1_000;
    }

    private long engineMillis(long realNanos) {
        return realNanos / secondNanos * 1_000 + realNanos % secondNanos * 1_000 / secondNanos;
    }

    private long realNanos(long engineNanos) {
        return engineNanos / SECOND_NANOS * secondNanos + engineNanos % SECOND_NANOS * secondNanos / SECOND_NANOS;
    }

    /// Lets `length` of real time pass at once: a leader whose connection closed is taken for silent that long.
    void skip(Duration length) {
        skippedMillis += engineMillis(length.toNanos());
    }

    Random noise() {
        return noise;
    }

    @Override
    public long millis() {
        return START_MILLIS + skippedMillis + engineMillis(host.nanos() - originNanos);
    }

    @Override
    public Instant instant() {
        return Instant.ofEpochMilli(millis());
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        return this;
    }

    /// Runs at once: the engine is only ever called from within a step, and so a check before a call and the
    /// call are one.
    @Override
    public void execute(Runnable task) {
        task.run();
    }

    @Override
    public void submit(Runnable task) {
        host.execute(() -> enter.accept(task));
    }

    @Override
    public void schedule(Runnable task, long delay, TimeUnit unit) {
        host.schedule(() -> enter.accept(task), realNanos(unit.toNanos(delay)));
    }

    /// There was a leader for a while: the next election starts as quickly as the first.
    void calm() {
        noise.doublings = 0;
    }

    /// The engine's only chance: what it adds to an election timeout, 100 ms of its own, which is too little
    /// once shrunk. It doubles with each election that follows no calm, so that starved machines, whose answers
    /// come later than the timeout, end by agreeing.
    private static final class Noise extends Random {
        private static final long serialVersionUID = 1;

        /// 16 times the election timeout: about a second by default.
        private static final int DOUBLINGS_MAX = 4;

        private final transient Dice dice;
        private final int leastBound;
        private int doublings;

        Noise(Dice dice, int leastBound) {
            this.dice = dice;
            this.leastBound = leastBound;
        }

        @Override
        public int nextInt(int bound) {
            int grown = Math.max(bound, leastBound) << doublings;
            doublings = Math.min(doublings + 1, DOUBLINGS_MAX);
            return dice.nextInt(grown);
        }
    }
}

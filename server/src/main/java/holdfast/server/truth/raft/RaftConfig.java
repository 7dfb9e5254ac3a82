package holdfast.server.truth.raft;

import holdfast.core.base.Require;
import java.time.Duration;

/// How members keep together. What a person may set is refused under its own key, the rest under `raft.`; the defaults
/// are here and nowhere else.
///
/// @param heartbeatEvery the leader speaks at least this often
/// @param leaderTimeout a leader silent for this long may be replaced; a closed connection counts at once
/// @param electionTimeout an election without a result is tried again after this, plus up to as much again by
/// chance
/// @param snapshotEvery log entries between two snapshots; all of them stay in the engine's log
/// @param pendingMax appends not yet committed; more are refused with `too-busy`
/// @param entriesPerMessage most entries in one message
/// @param askTimeout how long a read barrier or a forwarded request may wait for its answer
/// @param learnerLagMax entries that a learner may lack when it is made a voter
public record RaftConfig(
        Duration heartbeatEvery,
        Duration leaderTimeout,
        Duration electionTimeout,
        int snapshotEvery,
        int pendingMax,
        int entriesPerMessage,
        Duration askTimeout,
        int learnerLagMax) {
    public static final RaftConfig DEFAULT = new RaftConfig(
            Duration.ofMillis(40),
            Duration.ofMillis(600), // for silent ones: a killed leader's connection closes and counts at once
            Duration.ofMillis(60),
            20_000,
            1_024,
            128,
            Duration.ofSeconds(5),
            64);

    public RaftConfig {
        Require.between("heartbeat-every", heartbeatEvery, Duration.ofMillis(5), Duration.ofSeconds(1));
        Require.atLeast("leader-timeout", leaderTimeout, heartbeatEvery.multipliedBy(3)); // forgive two
        Require.between("election-timeout", electionTimeout, heartbeatEvery, leaderTimeout);
        Require.between("snapshot-entries", snapshotEvery, 10, 10_000_000);
        Require.between("raft.pending-max", pendingMax, 1, 100_000);
        Require.between("raft.entries-per-message", entriesPerMessage, 1, 10_000);
        Require.atLeast("request-timeout", askTimeout, leaderTimeout);
        Require.between("raft.learner-lag-max", learnerLagMax, 0, 1_000_000);
    }
}

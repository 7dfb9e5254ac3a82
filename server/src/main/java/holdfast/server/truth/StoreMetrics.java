package holdfast.server.truth;

import holdfast.core.truth.Command;
import holdfast.core.truth.Keyspace;
import holdfast.server.base.Metrics;
import holdfast.server.truth.raft.RaftLog;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import java.util.List;

/// The store's numbers under etcd's names, so that its dashboards and alerts serve.
final class StoreMetrics {
    private static final double[] DISK_BUCKETS = Metrics.doubled(0.001, 14); // etcd's: up to 8 s
    private static final double[] DEFRAGMENT_BUCKETS = Metrics.doubled(0.1, 13); // etcd's: up to 7 minutes

    private final Metrics all;
    final CounterDataPoint proposalsFailed;
    final CounterDataPoint proposalsApplied;
    final CounterDataPoint leaderChanges;
    final CounterDataPoint slowReadIndexes;
    final CounterDataPoint leasesExpired;
    final CounterDataPoint leasesRenewed;
    final CounterDataPoint watchGaps;
    private final CounterDataPoint puts;
    private final CounterDataPoint deletes;
    private final CounterDataPoint txns;
    private final CounterDataPoint granted;
    private final CounterDataPoint revoked;
    final CounterDataPoint ranges;
    final CounterDataPoint slowApplies;
    final DistributionDataPoint walFsync;
    final DistributionDataPoint backendCommit;
    final DistributionDataPoint defragment;
    final CounterDataPoint heartbeatsLate;

    StoreMetrics(Metrics metrics) {
        all = metrics;
        proposalsFailed = plain(metrics, "etcd_server_proposals_failed", "Proposals refused or lost.");
        proposalsApplied = plain(metrics, "etcd_server_proposals_applied", "Commands applied.");
        leaderChanges = plain(metrics, "etcd_server_leader_changes_seen", "Leaders seen after the first.");
        slowReadIndexes = plain(metrics, "etcd_server_slow_read_indexes", "Read barriers asked again.");
        leasesExpired = plain(metrics, "etcd_debugging_server_lease_expired", "Leases found due by this leader.");
        leasesRenewed = plain(metrics, "etcd_debugging_lease_renewed", "Renewals answered by this leader.");
        granted = plain(metrics, "etcd_debugging_lease_granted", "Leases granted.");
        revoked = plain(metrics, "etcd_debugging_lease_revoked", "Leases revoked or expired.");
        puts = plain(metrics, "etcd_mvcc_put", "Puts applied.");
        deletes = plain(metrics, "etcd_mvcc_delete", "Range deletes applied.");
        txns = plain(metrics, "etcd_mvcc_txn", "Transactions applied.");
        ranges = plain(metrics, "etcd_mvcc_range", "Ranges served.");
        slowApplies = plain(metrics, "etcd_server_slow_apply", "Batches that took more than 100 ms to apply.");
        walFsync = metrics.histogram("etcd_disk_wal_fsync_duration_seconds", "Forcing the log to disk.", DISK_BUCKETS);
        backendCommit = metrics.histogram(
                "etcd_disk_backend_commit_duration_seconds", "Applying and writing one batch.", DISK_BUCKETS);
        defragment = metrics.histogram(
                "etcd_disk_backend_defrag_duration_seconds", "Rewriting the files.", DEFRAGMENT_BUCKETS);
        heartbeatsLate = plain(
                metrics,
                "etcd_server_heartbeat_send_failures",
                "Times that this leader came too late to its heartbeats, be it disk or CPU.");
        watchGaps = plain(metrics, "holdfast_watch_gaps", "Times that the watch thread fell back to history.");
    }

    private static CounterDataPoint plain(Metrics metrics, String name, String help) {
        Counter counter = metrics.counter(name, help);
        return counter;
    }

    /// What is asked for at each scrape.
    record Watched(
            RaftLog raft,
            Proposals proposals,
            DiskState disk,
            Headers headers,
            WatchHub watches,
            Quota quota,
            Keyspace keyspace,
            Views views) {}

    void watch(Watched parts) {
        RaftLog raft = parts.raft();
        all.gauge(
                "etcd_server_has_leader",
                "Whether a leader is known.",
                () -> raft.status().leader() == null ? 0 : 1);
        all.gauge(
                "etcd_server_is_leader",
                "Whether this member leads.",
                () -> raft.status().leading() ? 1 : 0);
        all.gauge("etcd_server_is_learner", "Whether this member has no vote.", () -> isLearner(raft) ? 1 : 0);
        all.gauge("holdfast_raft_term", "Term of the log.", () -> raft.status().term());
        all.gauge("etcd_server_proposals_pending", "Commands waiting for the log.", parts.proposals()::pending);
        all.gauge(
                "etcd_server_proposals_committed_total",
                "Commit index.",
                () -> raft.status().commitIndex());
        DiskState disk = parts.disk();
        all.gauge(
                "etcd_mvcc_db_total_size_in_bytes",
                "Bytes on disk.",
                () -> StoreSize.of(disk.size(), parts.quota().stock()).totalBytes());
        all.gauge(
                "etcd_mvcc_db_total_size_in_use_in_bytes",
                "Bytes in use.",
                () -> StoreSize.of(disk.size(), parts.quota().stock()).inUseBytes());
        all.gauge("etcd_debugging_mvcc_current_revision", "The store's revision.", parts.headers()::revision);
        all.gauge("etcd_debugging_mvcc_watcher_total", "Watchers.", parts.watches()::watcherCount);
        all.gauge(
                "etcd_debugging_mvcc_pending_events_total",
                "Events that are not yet with their watchers.",
                parts.watches()::eventsWaiting);
        Quota quota = parts.quota();
        all.gauge("etcd_server_quota_backend_bytes", "What the store may hold.", quota::limitBytes);
        all.gauge(
                "holdfast_quota_used_bytes",
                "What counts against the quota.",
                () -> quota.stock().bytes());
        all.gauge(
                "etcd_debugging_mvcc_keys_total",
                "Living keys.",
                () -> quota.stock().keys());
        all.gauge("etcd_debugging_mvcc_compact_revision", "Oldest readable revision.", () -> {
            try (Views.Held held = parts.views().open()) {
                return Math.max(0, parts.keyspace().tip(held.view()).compactRevision());
            }
        });
    }

    PeerMetrics ofPeers(Headers headers) {
        return new PeerMetrics(all, headers);
    }

    private static boolean isLearner(RaftLog raft) {
        RaftLog.RaftStatus now = raft.status();
        return now.members().stream().noneMatch(peer -> peer.id() == now.self().id() && peer.voter());
    }

    void applied(List<Command> commands) {
        long[] counts = new long[5];
        for (Command command : commands) {
            switch (Command.bare(command)) {
                case Command.Put _ -> counts[0]++;
                case Command.DeleteRange _ -> counts[1]++;
                case Command.Txn _ -> counts[2]++;
                case Command.LeaseGrant _ -> counts[3]++;
                case Command.LeaseRevoke _, Command.LeaseExpire _ -> counts[4]++;
                case Command.Range _,
                        Command.Compact _,
                        Command.SystemPut _,
                        Command.SetAlarm _,
                        Command.AuthChange _,
                        Command.OnBehalf _ -> {}
            }
        }
        proposalsApplied.inc(commands.size());
        if (counts[0] > 0) puts.inc(counts[0]);
        if (counts[1] > 0) deletes.inc(counts[1]);
        if (counts[2] > 0) txns.inc(counts[2]);
        if (counts[3] > 0) granted.inc(counts[3]);
        if (counts[4] > 0) revoked.inc(counts[4]);
    }
}

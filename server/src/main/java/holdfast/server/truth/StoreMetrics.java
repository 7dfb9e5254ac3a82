package holdfast.server.truth;

import holdfast.core.truth.Command;
import holdfast.server.base.Metrics;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import java.util.List;

/// The store's numbers under etcd's names, so that its dashboards and alerts serve.
final class StoreMetrics {
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

    StoreMetrics(Metrics metrics) {
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
        watchGaps = plain(metrics, "holdfast_watch_gaps", "Times that the watch thread fell back to history.");
    }

    private static CounterDataPoint plain(Metrics metrics, String name, String help) {
        Counter counter = metrics.counter(name, help);
        return counter;
    }

    void applied(List<Command> commands) {
        long[] counts = new long[5];
        for (Command command : commands) {
            switch (command) {
                case Command.Put _ -> counts[0]++;
                case Command.DeleteRange _ -> counts[1]++;
                case Command.Txn _ -> counts[2]++;
                case Command.LeaseGrant _ -> counts[3]++;
                case Command.LeaseRevoke _, Command.LeaseExpire _ -> counts[4]++;
                case Command.Range _, Command.Compact _, Command.SystemPut _ -> {}
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

package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.peers.Processes;
import holdfast.server.peers.RealEtcd;
import holdfast.server.peers.StoreCluster;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the etcd mixin's dashboards and alerts ask for: a real etcd of three members has it, and so do three of ours,
/// with the same labels.
final class DashboardMetricsTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Pattern SAMPLE = Pattern.compile("([a-z_]+)(?:\\{([^}]*)})? \\S+");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=");

    private static final List<String> ASKED_FOR = List.of(
            "etcd_server_has_leader",
            "etcd_server_leader_changes_seen_total",
            "etcd_server_is_leader",
            "etcd_server_proposals_committed_total",
            "etcd_server_proposals_applied_total",
            "etcd_server_proposals_pending",
            "etcd_server_proposals_failed_total",
            "etcd_server_slow_apply_total",
            "etcd_server_slow_read_indexes_total",
            "etcd_server_heartbeat_send_failures_total",
            "etcd_server_quota_backend_bytes",
            "etcd_server_version",
            "etcd_cluster_version",
            "etcd_mvcc_db_total_size_in_bytes",
            "etcd_mvcc_db_total_size_in_use_in_bytes",
            "etcd_mvcc_put_total",
            "etcd_mvcc_delete_total",
            "etcd_mvcc_range_total",
            "etcd_mvcc_txn_total",
            "etcd_debugging_mvcc_keys_total",
            "etcd_debugging_mvcc_watcher_total",
            "etcd_debugging_mvcc_watch_stream_total",
            "etcd_debugging_mvcc_slow_watcher_total",
            "etcd_debugging_mvcc_events_total",
            "etcd_debugging_mvcc_pending_events_total",
            "etcd_debugging_mvcc_current_revision",
            "etcd_debugging_mvcc_compact_revision",
            "etcd_debugging_lease_granted_total",
            "etcd_debugging_lease_renewed_total",
            "etcd_debugging_lease_revoked_total",
            "etcd_debugging_server_lease_expired_total",
            "etcd_disk_wal_fsync_duration_seconds_bucket",
            "etcd_disk_backend_commit_duration_seconds_bucket",
            "etcd_disk_backend_defrag_duration_seconds_bucket",
            "etcd_network_peer_sent_bytes_total",
            "etcd_network_peer_received_bytes_total",
            "etcd_network_peer_round_trip_time_seconds_bucket",
            "etcd_network_client_grpc_sent_bytes_total",
            "etcd_network_client_grpc_received_bytes_total",
            "grpc_server_started_total",
            "grpc_server_handled_total",
            "process_resident_memory_bytes",
            "process_open_fds",
            "process_max_fds");

    @Test
    void namesAndLabels_areThoseOfARealEtcd(@TempDir Path folder) throws Exception {
        try (RealEtcd etcd = RealEtcd.start(Files.createDirectory(folder.resolve("etcd")), 3);
                StoreCluster holdfast =
                        StoreCluster.start(Files.createDirectory(folder.resolve("holdfast")), 3, "--loop=off")) {
            String ours = holdfast.url((holdfast.awaitLeader() + 1) % 3);
            // a few come with the first traffic between members
            Processes.await(
                    "all of it at etcd",
                    LIMIT,
                    () -> asked(etcd.url(0)).keySet().containsAll(ASKED_FOR));
            Map<String, Set<String>> real = asked(etcd.url(0));
            Processes.await("as much at ours", LIMIT, () -> asked(ours).keySet().containsAll(real.keySet()));

            assertThat(asked(ours)).containsAllEntriesOf(real);
            assertThat(page(ours))
                    .contains("etcd_server_version{server_version=\"3.6.16\"} 1\n")
                    .contains("etcd_cluster_version{cluster_version=\"3.6\"} 1\n");
        }
    }

    /// The names that are asked for, with their labels.
    private static Map<String, Set<String>> asked(String url) {
        Map<String, Set<String>> found = new TreeMap<>();
        for (String line : page(url).split("\n")) {
            Matcher sample = SAMPLE.matcher(line);
            if (!sample.matches() || !ASKED_FOR.contains(sample.group(1))) continue;
            Set<String> labels = found.computeIfAbsent(sample.group(1), _ -> new TreeSet<>());
            if (sample.group(2) == null) continue;
            Matcher label = LABEL.matcher(sample.group(2));
            while (label.find()) labels.add(label.group(1));
        }
        return found;
    }

    private static String page(String url) {
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpRequest ask = HttpRequest.newBuilder(URI.create(url + "/metrics"))
                    .timeout(LIMIT)
                    .build();
            return http.send(ask, HttpResponse.BodyHandlers.ofString()).body();
        } catch (Exception failed) {
            throw new AssertionError("no metrics at " + url, failed);
        }
    }
}

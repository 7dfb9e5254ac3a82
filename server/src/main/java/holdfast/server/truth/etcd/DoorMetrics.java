package holdfast.server.truth.etcd;

import holdfast.server.base.Metrics;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// The numbers of all etcd doors of one process under etcd's names. Made once; doors share it.
public final class DoorMetrics {
    /// Buckets of etcd: 0.1 ms doubled 19 times.
    private static final double[] DURATIONS_SECONDS = Metrics.doubled(0.0001, 20);

    private static final Map<String, String> TIMED = Map.of(
            "/etcdserverpb.KV/Range", "range",
            "/etcdserverpb.KV/Put", "put",
            "/etcdserverpb.KV/DeleteRange", "delete_range",
            "/etcdserverpb.KV/Txn", "txn",
            "/etcdserverpb.KV/Compact", "compact",
            "/etcdserverpb.Lease/LeaseGrant", "lease_grant",
            "/etcdserverpb.Lease/LeaseRevoke", "lease_revoke");

    /// Versions of clients that are told apart; further ones are counted as unknown.
    private static final int VERSIONS_MAX = 64;

    private static final String UNKNOWN_VERSION = "unknown";

    final LongAdder watchStreams = new LongAdder();
    final LongAdder slowWatchers = new LongAdder();
    final CounterDataPoint watchEvents;

    /// What clients have not taken yet.
    final Backlog backlog = new Backlog();
    private final LongAdder healthSuccess = new LongAdder();
    private final LongAdder healthFailures = new LongAdder();
    private final Counter readyChecks;
    private final Gauge checkStates;
    private final Counter requests;
    private final Map<String, CounterDataPoint> unaryRequests = new ConcurrentHashMap<>();
    private final Map<String, CounterDataPoint> streamRequests = new ConcurrentHashMap<>();
    private final Metrics metrics;
    private final Map<String, MethodMetrics> methods = new HashMap<>();

    public DoorMetrics(Metrics metrics) {
        this.metrics = metrics;
        Counter started = calls("grpc_server_started", "RPCs started on the server.");
        Counter received = calls("grpc_server_msg_received", "Messages received on the server.");
        Counter sent = calls("grpc_server_msg_sent", "Messages sent by the server.");
        Counter handled = metrics.counter(
                "grpc_server_handled",
                "RPCs completed on the server, whatever became of them.",
                "grpc_code",
                "grpc_method",
                "grpc_service",
                "grpc_type");
        CounterDataPoint receivedBytes =
                metrics.counter("etcd_network_client_grpc_received_bytes", "Bytes received from gRPC clients.");
        CounterDataPoint sentBytes =
                metrics.counter("etcd_network_client_grpc_sent_bytes", "Bytes sent to gRPC clients.");
        readyChecks = metrics.counter(
                "etcd_server_healthchecks", "Health checks by kind and outcome.", "name", "status", "type");
        Gauge.Builder states = Gauge.builder().name("etcd_server_healthcheck").labelNames("name", "type");
        checkStates = states.help("Whether each kind of health check went well the last time.")
                .register(metrics.registry());
        metrics.gauge("etcd_server_health_success", "Health checks that went well.", healthSuccess::sum);
        metrics.gauge("etcd_server_health_failures", "Health checks that went wrong.", healthFailures::sum);
        metrics.gauge("etcd_debugging_mvcc_watch_stream_total", "Watch streams open.", watchStreams::sum);
        metrics.gauge(
                "etcd_debugging_mvcc_slow_watcher_total", "Watchers that wait for their clients.", slowWatchers::sum);
        metrics.gauge(
                "holdfast_clients_unsent_bytes", "What waits for clients that read slowly.", backlog::unsentBytes);
        metrics.gauge(
                "holdfast_clients_coming_bytes", "Answers and events on their way to clients.", backlog::comingBytes);
        watchEvents = metrics.counter("etcd_debugging_mvcc_events", "Events sent.");
        requests = metrics.counter(
                "etcd_server_client_requests",
                "Requests by the version that the client names.",
                "client_api_version",
                "type");
        version("etcd_server_version", "server_version", EtcdConfig.VERSION);
        version("etcd_cluster_version", "cluster_version", EtcdConfig.CLUSTER_VERSION);
        Histogram durations = metrics.histogram(
                "etcd_server_request_duration_seconds",
                "From the first message of a request to its answer.",
                DURATIONS_SECONDS,
                "type",
                "success");
        metrics.registry().register(new RangeDurations(durations));
        for (Method method : Method.ALL) {
            String type = TIMED.get(method.path());
            List<DistributionDataPoint> taken = type == null
                    ? List.of()
                    : List.of(durations.labelValues(type, "false"), durations.labelValues(type, "true"));
            String[] labels = {method.name(), method.service(), method.kind().label};
            methods.put(
                    method.path(),
                    new MethodMetrics(
                            started.labelValues(labels),
                            EtcdError.CODES.stream()
                                    .map(code -> handled.labelValues(code, labels[0], labels[1], labels[2]))
                                    .toList(),
                            received.labelValues(labels),
                            sent.labelValues(labels),
                            receivedBytes,
                            sentBytes,
                            taken));
        }
    }

    private void version(String name, String label, String version) {
        Gauge.builder()
                .name(name)
                .help("The version that is spoken, with value 1.")
                .labelNames(label)
                .register(metrics.registry())
                .labelValues(version)
                .set(1);
    }

    void healthy() {
        healthSuccess.increment();
    }

    void unhealthy() {
        healthFailures.increment();
    }

    void checked(String kind, String check, boolean well) {
        checkStates.labelValues(check, kind).set(well ? 1 : 0);
        readyChecks.labelValues(check, well ? "success" : "error", kind).inc();
    }

    /// Counts a request of a client that names `version` as its own, null for none.
    void requested(@Nullable String version, boolean stream) {
        Map<String, CounterDataPoint> known = stream ? streamRequests : unaryRequests;
        String named = version == null ? UNKNOWN_VERSION : version;
        CounterDataPoint counter = known.get(named);
        (counter != null ? counter : meet(known, named, stream)).inc();
    }

    private CounterDataPoint meet(Map<String, CounterDataPoint> known, String version, boolean stream) {
        String named = known.size() < VERSIONS_MAX ? version : UNKNOWN_VERSION;
        return known.computeIfAbsent(named, each -> requests.labelValues(each, stream ? "stream" : "unary"));
    }

    private Counter calls(String name, String help) {
        return metrics.counter(name, help, "grpc_method", "grpc_service", "grpc_type");
    }

    /// The counters of the RPC at `path`, null when etcd has no such RPC.
    @Nullable
    MethodMetrics of(String path) {
        return methods.get(path);
    }

    /// Every number of the process as Prometheus text.
    String expose() {
        return metrics.expose();
    }
}

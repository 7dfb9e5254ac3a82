package holdfast.server.redundancy.proxy;

import holdfast.server.base.Metrics;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;

/// The numbers of all proxies of a kind in a process, by service. Made once.
public final class ProxyMetrics {
    private static final double FIRST_SECONDS = 0.001;
    private static final int BUCKETS = 17; // up to 65 s

    final Gauge sessions;
    final Gauge held;
    final Histogram holds;
    final Counter cuts;
    final Counter doubts;

    public static ProxyMetrics ofPostgres(Metrics metrics) {
        return new ProxyMetrics(metrics, "postgres");
    }

    public static ProxyMetrics ofRedis(Metrics metrics) {
        return new ProxyMetrics(metrics, "redis");
    }

    private ProxyMetrics(Metrics metrics, String kind) {
        String prefix = "holdfast_" + kind + "_proxy_";
        sessions = Gauge.builder()
                .name(prefix + "sessions")
                .help("Clients that are connected.")
                .labelNames("service")
                .register(metrics.registry());
        held = Gauge.builder()
                .name(prefix + "held")
                .help("Clients that wait for a server.")
                .labelNames("service")
                .register(metrics.registry());
        holds = metrics.histogram(
                prefix + "hold_seconds",
                "How long clients waited for a server.",
                Metrics.doubled(FIRST_SECONDS, BUCKETS),
                "service");
        cuts = metrics.counter(prefix + "cuts", "Clients whose connection was ended here.", "service", "reason");
        doubts = metrics.counter(
                prefix + "stalls",
                "Times that this process stood still and asked the store for the primary.",
                "service");
    }
}

package holdfast.server.truth;

import holdfast.server.base.Metrics;
import holdfast.server.truth.raft.RaftLog;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import java.util.TreeMap;

/// What goes between this member and each other one, under etcd's names. One thread, the log's.
final class PeerMetrics implements RaftLog.PeerEar {
    private static final double[] BUCKETS = Metrics.doubled(0.0001, 16); // etcd's: up to 3.3 s

    private final Headers headers;
    private final Counter sentBytes;
    private final Counter receivedBytes;
    private final Counter sentFailures;
    private final Histogram roundTrips;
    private final TreeMap<Integer, Points> points = new TreeMap<>(); // by member's number

    private record Points(
            CounterDataPoint sentBytes,
            CounterDataPoint receivedBytes,
            CounterDataPoint sentFailures,
            DistributionDataPoint roundTrips) {}

    PeerMetrics(Metrics metrics, Headers headers) {
        this.headers = headers;
        sentBytes = metrics.counter("etcd_network_peer_sent_bytes", "Bytes sent to other members.", "To");
        receivedBytes = metrics.counter("etcd_network_peer_received_bytes", "Bytes received from others.", "From");
        sentFailures = metrics.counter("etcd_network_peer_sent_failures", "Messages that were not sent.", "To");
        roundTrips = metrics.histogram(
                "etcd_network_peer_round_trip_time_seconds", "From a ping to its answer.", BUCKETS, "To");
    }

    @Override
    public void sent(int peer, int bytes) {
        of(peer).sentBytes().inc(bytes);
    }

    @Override
    public void received(int peer, int bytes) {
        of(peer).receivedBytes().inc(bytes);
    }

    @Override
    public void notSent(int peer) {
        of(peer).sentFailures().inc();
    }

    @Override
    public void roundTrip(int peer, long nanos) {
        of(peer).roundTrips().observe(nanos / 1e9);
    }

    private Points of(int peer) {
        return points.computeIfAbsent(peer, number -> {
            String id = Long.toHexString(Members.id(headers.clusterId(), number));
            return new Points(
                    sentBytes.labelValues(id),
                    receivedBytes.labelValues(id),
                    sentFailures.labelValues(id),
                    roundTrips.labelValues(id));
        });
    }
}

package holdfast.server.truth.etcd;

import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import java.util.List;

/// The counters of one RPC, looked up once; counting is an addition each.
///
/// @param handled by gRPC status, 0 to 16
/// @param taken how long calls took, those that failed and those that went well; empty where nobody measures
record MethodMetrics(
        CounterDataPoint startedCalls,
        List<CounterDataPoint> handled,
        CounterDataPoint receivedMessages,
        CounterDataPoint sentMessages,
        CounterDataPoint receivedBytes,
        CounterDataPoint sentBytes,
        List<DistributionDataPoint> taken) {

    void started() {
        startedCalls.inc();
    }

    void handled(int status) {
        handled.get(status).inc();
    }

    boolean isTimed() {
        return !taken.isEmpty();
    }

    void took(long nanos, boolean well) {
        taken.get(well ? 1 : 0).observe(nanos / 1e9);
    }

    void received(int bytes) {
        receivedMessages.inc();
        receivedBytes.inc(bytes);
    }

    void sent(long bytes) {
        sentMessages.inc();
        sentBytes.inc(bytes);
    }
}

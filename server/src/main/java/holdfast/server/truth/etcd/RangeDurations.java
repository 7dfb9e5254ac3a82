package holdfast.server.truth.etcd;

import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;

/// etcd shows how long ranges take a second time, under a name of their own and only what has happened. Made of the
/// first
/// when somebody looks, so that a range is measured once.
final class RangeDurations implements Collector {
    private static final String NAME = "etcd_server_range_duration_seconds";

    private final Histogram durations;

    /// @param durations of requests by `type` and `success`
    RangeDurations(Histogram durations) {
        this.durations = durations;
    }

    @Override
    public MetricSnapshot collect() {
        HistogramSnapshot.Builder shown = HistogramSnapshot.builder().name(NAME).help("How long ranges take.");
        for (HistogramDataPointSnapshot point : durations.collect().getDataPoints()) {
            Labels labels = point.getLabels();
            if (!"range".equals(labels.get("type")) || point.getCount() == 0) continue;
            shown.dataPoint(HistogramDataPointSnapshot.builder()
                    .labels(Labels.of("success", labels.get("success")))
                    .classicHistogramBuckets(point.getClassicBuckets())
                    .sum(point.getSum())
                    .build());
        }
        return shown.build();
    }
}

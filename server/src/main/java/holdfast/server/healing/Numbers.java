package holdfast.server.healing;

import holdfast.server.base.Metrics;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;

/// What the loop counts.
record Numbers(Counter dropped, Counter incidents, Histogram turnSeconds) {
    private static final double[] TURN_SECONDS = {0.0001, 0.001, 0.005, 0.02, 0.1, 0.5, 2, 10};

    static Numbers in(Metrics metrics) {
        return new Numbers(
                metrics.counter("holdfast_loop_inputs_dropped", "Signals that found the mailbox full."),
                metrics.counter("holdfast_loop_incidents", "Incidents by the state that they reached.", "state"),
                metrics.histogram("holdfast_loop_turn_seconds", "One turn with its writes.", TURN_SECONDS));
    }
}

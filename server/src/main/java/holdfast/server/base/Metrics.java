package holdfast.server.base;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;

/// Every number that this process shows. Rooms make their own at start and keep them; a name is registered once.
public final class Metrics {
    /// Text format of [#expose].
    public static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

    private final PrometheusRegistry registry = new PrometheusRegistry();

    /// @param name without `_total`, which is added
    public Counter counter(String name, String help, String... labels) {
        return Counter.builder().name(name).help(help).labelNames(labels).register(registry);
    }

    /// Asks `value` at each scrape, on the scraping thread.
    public void gauge(String name, String help, DoubleSupplier value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .callback(call -> call.call(value.getAsDouble()))
                .register(registry);
    }

    /// `count` upper bounds for a histogram, from `first` on, each twice the one before.
    public static double[] doubled(double first, int count) {
        return IntStream.range(0, count)
                .mapToDouble(power -> first * (1 << power))
                .toArray();
    }

    /// @param bucketsSeconds upper bounds, rising
    public Histogram histogram(String name, String help, double[] bucketsSeconds, String... labels) {
        return Histogram.builder()
                .name(name)
                .help(help)
                .labelNames(labels)
                .classicOnly()
                .classicUpperBounds(bucketsSeconds)
                .register(registry);
    }

    /// For what this class has no word for.
    public PrometheusRegistry registry() {
        return registry;
    }

    /// Everything in Prometheus text format, with numbers as Go writes them.
    public String expose() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            PrometheusTextFormatWriter.create().write(out, registry.scrape());
        } catch (IOException bug) {
            throw new UncheckedIOException(bug); // memory does not fail
        }
        return GoNumber.page(out.toString(UTF_8));
    }
}

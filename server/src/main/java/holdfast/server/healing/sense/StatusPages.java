package holdfast.server.healing.sense;

import holdfast.server.base.Metrics;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Optional;
import java.util.function.Supplier;

/// `/livez` (this process runs), `/health` (and does its work) and `/metrics` (Prometheus text) over HTTP.
public final class StatusPages implements Handler<HttpServerRequest> {
    private final Metrics metrics;
    private final Supplier<Optional<String>> ill;

    /// @param ill empty while all is well, else one sentence; must not wait
    public StatusPages(Metrics metrics, Supplier<Optional<String>> ill) {
        this.metrics = metrics;
        this.ill = ill;
    }

    @Override
    public void handle(HttpServerRequest request) {
        HttpServerResponse response = request.response();
        switch (String.valueOf(request.path())) {
            case "/livez" -> response.putHeader("content-type", "text/plain").end("ok\n");
            case "/health" -> {
                Optional<String> sentence = ill.get();
                response.setStatusCode(sentence.isPresent() ? 503 : 200)
                        .putHeader("content-type", "application/json")
                        .end("{\"health\":\"%s\",\"reason\":\"%s\"}\n"
                                .formatted(
                                        sentence.isEmpty(), sentence.orElse("").replace('"', '\'')));
            }
            case "/metrics" ->
                response.putHeader("content-type", Metrics.CONTENT_TYPE).end(metrics.expose());
            default -> response.setStatusCode(404).end("Known: /livez /health /metrics\n");
        }
    }
}

package shop;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;

/// The HTTP door of a process: `/health` and whatever else it answers, one virtual thread per request.
final class Door {
    static final int BODY_BYTES_MAX = 4096;

    /// What goes back to the caller.
    record Answer(int status, String body) {}

    /// Answers one request; must come back by itself within a few seconds.
    interface Handler {
        Answer handle(HttpExchange request, String body) throws IOException;
    }

    private final HttpServer server;

    Door(Shop.Options options, BooleanSupplier healthy) throws IOException {
        int colon = options.listen().lastIndexOf(':');
        String host = options.listen().substring(0, colon);
        int port = Integer.parseInt(options.listen().substring(colon + 1));
        server = HttpServer.create(new InetSocketAddress(host, port), 128);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        on("/health", (_, _) -> {
            if (options.bad()) return new Answer(500, "this build is broken");
            return healthy.getAsBoolean() ? new Answer(200, "healthy") : new Answer(503, "the store does not answer");
        });
    }

    void on(String path, Handler handler) {
        server.createContext(path, exchange -> {
            try (exchange) {
                byte[] body = exchange.getRequestBody().readNBytes(BODY_BYTES_MAX);
                Answer answer = handler.handle(exchange, new String(body, StandardCharsets.UTF_8));
                byte[] bytes = answer.body().getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(answer.status(), bytes.length == 0 ? -1 : bytes.length);
                exchange.getResponseBody().write(bytes);
            }
        });
    }

    void open() {
        server.start();
    }
}

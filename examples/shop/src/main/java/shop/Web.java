package shop;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// The front: passes `POST /orders` and `GET /orders/ID` on to a healthy instance of the order service, the next one
/// each time. Whatever fails is tried again at another instance, which is safe because an order has an id. An instance
/// that failed is passed over for a second.
final class Web {
    private static final int TRIES_MAX = 4;
    private static final long DEADLINE_NANOS = TimeUnit.MILLISECONDS.toNanos(1800);
    private static final long PASS_OVER_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int CONNECT_MILLIS = 300;
    private static final int READ_MILLIS = 900;

    private final Endpoints orders;
    private final AtomicInteger turn = new AtomicInteger();
    private final Map<String, Long> failedAtNanos = new ConcurrentHashMap<>();

    private Web(Endpoints orders) {
        this.orders = orders;
    }

    static void start(Shop.Options options) throws IOException {
        Store store = new Store(options.store());
        Web web = new Web(new Endpoints(store, "orders"));
        Door door = new Door(options, store::alive);
        door.on(
                "/orders",
                (request, body) -> web.pass(
                        request.getRequestMethod(),
                        request.getRequestURI().getPath(),
                        request.getRequestHeaders().getFirst("Order-Id"),
                        body));
        door.open();
    }

    private Door.Answer pass(String method, String path, String id, String body) {
        if (id == null && method.equals("POST")) return new Door.Answer(400, "an order needs an Order-Id");
        long startNanos = System.nanoTime();
        Door.Answer last = new Door.Answer(503, "no instance of the order service is known");
        for (int tries = 0; tries < TRIES_MAX && System.nanoTime() - startNanos < DEADLINE_NANOS; tries++) {
            String address = choose();
            if (address == null) {
                Pause.millis(100);
                continue;
            }
            try {
                last = ask(method, "http://" + address + path, id, body);
                if (last.status() < 500) return last;
            } catch (IOException silent) {
                last = new Door.Answer(504, address + ": " + silent.getMessage());
            }
            failedAtNanos.put(address, System.nanoTime());
        }
        return last;
    }

    /// The next one that did not fail lately; when all did, the next one of all.
    private String choose() {
        List<String> known = orders.addresses();
        if (known.isEmpty()) return null;
        failedAtNanos.values().removeIf(failed -> System.nanoTime() - failed > PASS_OVER_NANOS);
        List<String> good = known.stream()
                .filter(address -> !failedAtNanos.containsKey(address))
                .toList();
        List<String> pool = good.isEmpty() ? known : good;
        return pool.get(Math.floorMod(turn.getAndIncrement(), pool.size()));
    }

    private static Door.Answer ask(String method, String url, String id, String body) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) URI.create(url).toURL().openConnection();
        connection.setConnectTimeout(CONNECT_MILLIS);
        connection.setReadTimeout(READ_MILLIS);
        connection.setRequestMethod(method);
        if (method.equals("POST")) {
            connection.setRequestProperty("Order-Id", id);
            connection.setDoOutput(true);
            try (OutputStream out = connection.getOutputStream()) {
                out.write(body.getBytes(StandardCharsets.UTF_8));
            }
        }
        int status = connection.getResponseCode();
        try (InputStream in = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            String answer = in == null ? "" : new String(in.readNBytes(Door.BODY_BYTES_MAX), StandardCharsets.UTF_8);
            return new Door.Answer(status, answer);
        }
    }
}

package holdfast.server.proof;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import holdfast.server.base.Ticker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Against a shop in this process that fails now and then.
final class CustomerTest {
    private final Ticker ticker = Ticker.system();
    private final Map<String, String> stored = new ConcurrentHashMap<>();
    private final AtomicInteger asked = new AtomicInteger();
    private HttpServer shop;
    private String address;

    @BeforeEach
    void openShop() throws IOException {
        shop = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
        shop.createContext("/orders", exchange -> {
            try (exchange) {
                int number = asked.incrementAndGet();
                String id = exchange.getRequestHeaders().getFirst("Order-Id");
                String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
                boolean keep = number % 5 != 0; // of those that fail, half are stored all the same
                if (keep || number % 2 == 0) stored.put(id, body);
                exchange.sendResponseHeaders(keep ? 201 : 503, -1);
            }
        });
        shop.start();
        address = "127.0.0.1:" + shop.getAddress().getPort();
    }

    @AfterEach
    void closeShop() {
        shop.stop(0);
    }

    @Test
    void order_thatFailed_isPlacedAgainUntilAcknowledged() {
        try (Customer customer = new Customer("t", 200, () -> List.of(address), ticker)) {
            long start = ticker.nanos();
            while (customer.requestCount() < 100) Pause.millis(10);

            assertThat(customer.settle(TimeUnit.SECONDS.toNanos(10))).isEmpty();

            assertThat(customer.failedSince(start)).hasSizeGreaterThan(10);
            assertThat(customer.acknowledged())
                    .hasSize(customer.placedCount())
                    .containsExactlyInAnyOrderEntriesOf(stored);
        }
    }

    @Test
    void order_thatNobodyTakes_staysOpenAndIsNamed() {
        try (Customer customer = new Customer("t", 200, List::of, ticker)) {
            while (customer.requestCount() < 10) Pause.millis(10);

            assertThat(customer.settle(TimeUnit.MILLISECONDS.toNanos(50)))
                    .hasSize(customer.placedCount())
                    .contains("t-1");
            assertThat(customer.acknowledged()).isEmpty();
            assertThat(customer.failedSince(0).getFirst().problem()).isEqualTo("no endpoint is known");
        }
    }
}

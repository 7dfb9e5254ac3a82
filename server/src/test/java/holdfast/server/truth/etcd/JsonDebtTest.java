package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.base.Metrics;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClientOptions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Clients over JSON that ask for more than they read.
final class JsonDebtTest {
    private static final int ASKED = 200;
    private static final int VALUE_BYTES = 256 << 10;
    private static final String BODY = "{\"key\":\"YQ==\",\"range_end\":\"Yg==\"}";

    /// What a connection may owe, and what came beyond the guesses: base64 is a third longer.
    private static final long UNSENT_BYTES_MAX = 14 << 20;

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final Vertx vertx = Vertx.vertx();
    private final MemoryStore store = new MemoryStore();
    private final DoorMetrics metrics = new DoorMetrics(new Metrics());
    private EtcdDoor door;
    private DoorClient writer;

    @BeforeEach
    void open() throws Exception {
        door = EtcdDoor.open(EtcdConfig.at("127.0.0.1", 0), vertx, store, metrics);
        writer = new DoorClient(vertx, door.port());
    }

    @AfterEach
    void close() throws Exception {
        writer.close();
        door.close();
        store.close();
        DoorClient.get(vertx.close());
    }

    private static void until(BooleanSupplier condition) {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime())
                    .as("it did not come about within %s", LIMIT)
                    .isLessThan(end);
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void clientThatReadsNothing_isAnsweredNoMoreThanItMayOwe_andGetsTheRestLater() throws Exception {
        writer.put("a", "v".repeat(VALUE_BYTES));
        HttpClient http = vertx.createHttpClient(
                new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2).setHttp2ClearTextUpgrade(false));
        List<HttpClientResponse> stalled = new CopyOnWriteArrayList<>();
        AtomicLong read = new AtomicLong();
        AtomicLong whole = new AtomicLong();
        for (int each = 0; each < ASKED; each++) {
            var request = DoorClient.get(http.request(HttpMethod.POST, door.port(), "127.0.0.1", "/v3/kv/range"));
            request.response().onSuccess(response -> {
                response.pause();
                response.handler(piece -> read.addAndGet(piece.length()));
                response.endHandler(_ -> whole.incrementAndGet());
                stalled.add(response);
            });
            DoorClient.get(request.end(Buffer.buffer(BODY)));
        }
        until(() -> metrics.backlog.unsentBytes() > 4 << 20);
        writer.put("b", "c"); // another client notices nothing, and there was time for more
        assertThat(metrics.backlog.unsentBytes() + metrics.backlog.comingBytes())
                .isLessThan(UNSENT_BYTES_MAX);
        for (int resumed = 0; resumed < ASKED; resumed++) {
            int next = resumed;
            until(() -> stalled.size() > next);
            stalled.get(next).resume();
            assertThat(metrics.backlog.unsentBytes()).isLessThan(UNSENT_BYTES_MAX);
        }
        until(() -> whole.get() == ASKED);
        assertThat(read.get()).isGreaterThan(ASKED * VALUE_BYTES * 4L / 3);
        until(() -> metrics.backlog.unsentBytes() == 0 && metrics.backlog.comingBytes() == 0);
        DoorClient.get(http.close());
    }

    @Test
    void websocketThatIsClosedUnread_leavesNothingBehind() throws Exception {
        var sockets = vertx.createWebSocketClient(
                new WebSocketClientOptions().setMaxFrameSize(1 << 20).setMaxMessageSize(1 << 20));
        WebSocket socket = DoorClient.get(sockets.connect(door.port(), "127.0.0.1", "/v3/watch"));
        socket.pause();
        DoorClient.get(socket.writeTextMessage("{\"create_request\":" + BODY + "}"));
        String value = "v".repeat(VALUE_BYTES);
        for (int each = 0; each < ASKED && metrics.backlog.unsentBytes() == 0; each++) writer.put("a" + each, value);
        assertThat(metrics.backlog.unsentBytes()).isPositive();
        DoorClient.get(sockets.close());
        until(() -> metrics.backlog.unsentBytes() == 0 && metrics.backlog.comingBytes() == 0);
    }
}

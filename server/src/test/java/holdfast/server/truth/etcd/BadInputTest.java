package holdfast.server.truth.etcd;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Dice;
import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.base.tls.LiveTls;
import holdfast.server.base.tls.SelfSigned;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whatever comes over the client port: a clear end for who sent it, nothing for the others.
final class BadInputTest {
    private static final int PINGS_MAX = 100;
    private static final int LIMIT_MILLIS = 30_000;
    private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    private static final String SETTINGS = "\0\0\0\4\0\0\0\0\0";

    private Vertx vertx;
    private MemoryStore store;
    private EtcdDoor door;
    private DoorClient client;

    @BeforeEach
    void open() throws Exception {
        vertx = Vertx.vertx();
        store = new MemoryStore();
        open(EtcdConfig.at("127.0.0.1", 0)
                .with(new EtcdConfig.Connections(
                        Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ofMillis(300), Duration.ofSeconds(2))));
    }

    private void open(EtcdConfig config) throws Exception {
        door = EtcdDoor.open(config, vertx, store, new DoorMetrics(new Metrics()));
        client = new DoorClient(vertx, door.port());
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        door.close();
        store.close();
        DoorClient.get(vertx.close());
    }

    /// What the server said until it hung up.
    private String until(Socket socket) throws IOException {
        socket.setSoTimeout(LIMIT_MILLIS);
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try {
            for (int c = socket.getInputStream().read();
                    c >= 0;
                    c = socket.getInputStream().read()) said.write(c);
        } catch (SocketTimeoutException late) {
            throw late;
        } catch (SocketException _) {
            // reset is an end as well
        }
        return said.toString(ISO_8859_1);
    }

    private String ask(String text) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", door.port())) {
            try {
                socket.getOutputStream().write(text.getBytes(ISO_8859_1));
            } catch (SocketException _) {
                // it hung up in the middle of our sentence
            }
            return until(socket);
        }
    }

    @Test
    void garbage_ofAnyKind_endsItsConnectionOnly() throws Exception {
        HeardLogs logs = HeardLogs.ofWarnings();
        Dice dice = new Dice(11);
        List<Socket> sockets = new ArrayList<>();
        for (int round = 0; round < 100; round++) {
            StringBuilder text = new StringBuilder();
            if (round % 3 == 1) text.append(PREFACE);
            if (round % 3 == 2) text.append(PREFACE).append(SETTINGS);
            int length = 1 + dice.nextInt(400);
            for (int index = 0; index < length; index++) text.append((char) dice.nextInt(256));
            Socket socket = new Socket("127.0.0.1", door.port());
            socket.getOutputStream().write(text.toString().getBytes(ISO_8859_1));
            sockets.add(socket);
        }
        for (Socket socket : sockets) {
            until(socket);
            socket.close();
        }
        assertThat(client.put("a", "b")).isGreaterThan(1);
        assertThat(logs.end()).isEmpty();
    }

    @Test
    void frame_largerThanAllowed_isRefused() throws Exception {
        String said = ask(PREFACE + SETTINGS + "\u00ff\u00ff\u00ff\0\0\0\0\0\1" + "x".repeat(100));
        assertThat(said).contains("\0\0\0\6"); // FRAME_SIZE_ERROR of its GOAWAY
    }

    @Test
    void head_largerThanAllowed_isRefusedByName() throws Exception {
        assertThat(ask("GET /version HTTP/1.1\r\nHost: x\r\nX: " + "y".repeat(100_000) + "\r\n\r\n"))
                .matches("(?s)HTTP/1.[01] 431 .*");
        assertThat(ask("GET /" + "y".repeat(100_000) + " HTTP/1.1\r\nHost: x\r\n\r\n"))
                .matches("(?s)HTTP/1.[01] 414 .*");
        assertThat(ask("no request at all\r\n\r\n")).matches("(?s)HTTP/1.[01] 400 .*");
    }

    @Test
    void body_largerThanAMessage_isRefused() throws Exception {
        String head = "POST /v3/kv/put HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
        String body = "{\"key\":\"YQ==\",\"value\":\"" + "YWFh".repeat(900_000) + "\"}";
        assertThat(ask(head + "Content-Length: " + body.length() + "\r\n\r\n" + body))
                .startsWith("HTTP/1.1 429 ")
                .contains("\"code\":8,\"message\":\"grpc: received message larger than max (");
        String endless = "{\"key\":\"" + "YWFh".repeat(3_000_000);
        assertThat(ask(head + "Content-Length: 100000000\r\n\r\n" + endless)).contains("HTTP/1.1 4");
        assertThat(client.put("a", "b")).isGreaterThan(1);
    }

    @Test
    void nesting_withoutEnd_isRefused() throws Exception {
        String body = "{\"x\":".repeat(100_000);
        assertThat(ask("POST /v3/kv/range HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + body.length()
                        + "\r\n\r\n" + body))
                .startsWith("HTTP/1.1 400 ")
                .contains("exceeded max depth");
    }

    @Test
    void thousandConnections_thatSayNothing_disturbNobodyAndAreClosed() throws Exception {
        List<Socket> silent = new ArrayList<>();
        try {
            for (int n = 0; n < 1_000; n++) {
                Socket socket = new Socket("127.0.0.1", door.port());
                if (n % 4 == 1) socket.getOutputStream().write("GET /ver".getBytes(ISO_8859_1));
                if (n % 4 == 2) socket.getOutputStream().write("PRI * HT".getBytes(ISO_8859_1));
                if (n % 4 == 3) socket.getOutputStream().write((PREFACE + SETTINGS).getBytes(ISO_8859_1));
                silent.add(socket);
            }
            assertThat(client.put("a", "b")).isGreaterThan(1);
            for (Socket socket : silent) until(socket);
        } finally {
            for (Socket socket : silent) socket.close();
        }
        assertThat(client.put("a", "b")).isGreaterThan(1);
    }

    @Test
    void head_thatComesDropByDrop_isNotWaitedFor() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", door.port())) {
            OutputStream out = socket.getOutputStream();
            socket.setSoTimeout(100);
            out.write("GET /version HTTP/1.1\r\nX: ".getBytes(ISO_8859_1));
            int drops = 0;
            boolean open = true;
            while (open && drops < 300) {
                try {
                    drops++;
                    out.write('y');
                    open = socket.getInputStream().read() >= 0;
                } catch (SocketTimeoutException _) {
                    // still open
                } catch (SocketException _) {
                    open = false;
                }
            }
            assertThat(open).isFalse();
        }
    }

    @Test
    void stream_thatIsSilent_staysOpen() throws Exception {
        var watch = client.watch(Map.of());
        watch.create("a", "", 0);
        assertThat(watch.next().getCreated()).isTrue();
        for (int spell = 0; spell < 2; spell++) {
            try (Socket silent = new Socket("127.0.0.1", door.port())) {
                until(silent); // longer than silence is borne, and several of the server's pings
            }
        }
        assertThat(watch.ended).isEmpty();
        client.put("a", "b");
        assertThat(watch.next().getEventsCount()).isEqualTo(1);
    }

    @Test
    void client_thatPingsTooOften_isSentAway() throws Exception {
        HttpClient http = vertx.createHttpClient(
                new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2).setHttp2ClearTextUpgrade(false));
        var request =
                DoorClient.get(http.request(HttpMethod.POST, door.port(), "127.0.0.1", "/etcdserverpb.Watch/Watch"));
        request.putHeader("content-type", "application/grpc").setChunked(true);
        LinkedBlockingQueue<String> goodbye = new LinkedBlockingQueue<>();
        request.connection()
                .goAwayHandler(away -> goodbye.add(
                        away.getErrorCode() + " " + (away.getDebugData() == null ? "" : away.getDebugData())));
        request.response().onComplete(_ -> {});
        DoorClient.get(request.write(Buffer.buffer()));
        String said = null;
        for (int ping = 0; said == null && ping < PINGS_MAX; ping++) { // some are forgiven, while the call begins
            request.connection().ping(Buffer.buffer(new byte[8])).onComplete(_ -> {});
            said = goodbye.poll(LIMIT_MILLIS / PINGS_MAX, TimeUnit.MILLISECONDS);
        }
        assertThat(said).isEqualTo("11 too_many_pings");
        assertThat(client.put("a", "b")).isGreaterThan(1);
        DoorClient.get(http.close());
    }

    @Test
    void client_thatAnswersNoPing_isGone() throws Exception {
        // HEADERS of a call: indexed :method POST, :scheme http, literal :path and content-type
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        block.write(0x83);
        block.write(0x86);
        literal(block, 4, "/etcdserverpb.Watch/Watch");
        literal(block, 1, "x");
        block.write(0x0f);
        block.write(31 - 15);
        block.write("application/grpc".length());
        block.writeBytes("application/grpc".getBytes(ISO_8859_1));
        String headers = "\0\0" + (char) block.size() + "\1\4\0\0\0\1" + block.toString(ISO_8859_1);
        long before = Ticker.system().nanos();
        String said = ask(PREFACE + SETTINGS + headers);
        assertThat(said).contains("\0\0\u0008\6\0\0\0\0\0"); // its ping
        assertThat(Ticker.system().nanos() - before).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(2_000));
    }

    private static void literal(ByteArrayOutputStream block, int nameIndex, String value) {
        block.write(nameIndex);
        block.write(value.length());
        block.writeBytes(value.getBytes(ISO_8859_1));
    }

    @Test
    void plainText_toATlsPortAndTheReverse_areRefused(@TempDir Path folder) throws Exception {
        byte[] hello = "\26\3\1\0\5\1\0\0\1\3".getBytes(ISO_8859_1);
        try (Socket socket = new Socket("127.0.0.1", door.port())) {
            socket.getOutputStream().write(hello);
            socket.getOutputStream().write("\r\n\r\n".getBytes(ISO_8859_1));
            until(socket);
        }
        assertThat(client.put("a", "b")).isGreaterThan(1);
        LiveTls.Pem files = SelfSigned.in(folder, "m1", List.of("127.0.0.1"), Ticker.system());
        HeardLogs logs = HeardLogs.ofWarnings();
        EtcdConfig secure = EtcdConfig.at("127.0.0.1", 0).with(EtcdConfig.Tls.of(LiveTls.open(files)));
        try (EtcdDoor behind = EtcdDoor.open(secure, vertx, store, new DoorMetrics(new Metrics()));
                Socket socket = new Socket("127.0.0.1", behind.port())) {
            socket.getOutputStream().write("GET /version HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(ISO_8859_1));
            assertThat(until(socket)).doesNotContain("etcdserver");
        }
        assertThat(logs.end())
                .singleElement()
                .asString()
                .startsWith("WARN rejected connection on client endpoint: not an SSL/TLS record");
    }
}

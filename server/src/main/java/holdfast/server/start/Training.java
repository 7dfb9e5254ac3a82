package holdfast.server.start;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import holdfast.core.base.Reason;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.RangeRequest;
import holdfast.protocol.etcd.RequestOp;
import holdfast.protocol.etcd.TxnRequest;
import holdfast.protocol.etcd.WatchCreateRequest;
import holdfast.protocol.etcd.WatchRequest;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// Lives through what servers live through, so that the JVM can record it: which classes they load and how their
/// methods are used (AOT cache with profiles, JEP 514 and 515). A build does this once; a server started from the
/// record is as quick after seconds as it would be after a minute of load.
///
/// Three members in one process serve puts, ranges, transactions and watches; then a whole host starts and stops.
public final class Training {
    private static final int MEMBERS = 3;
    private static final int IN_FLIGHT = 96;
    private static final int WATCHERS = 12; // of one stream
    private static final int KEYS = 5_000;
    private static final int VALUE_BYTES = 256;
    private static final int END_SECONDS_MAX = 10;
    private static final String HOST = "127.0.0.1";
    private static final List<String> PAGES = List.of("/health", "/version", "/readyz", "/metrics");
    private static final long PAGE_MILLIS = 100;

    private final Path folder;
    private final List<ServerParts> members = new ArrayList<>();
    private final List<Integer> ports;
    private final Vertx vertx = Vertx.vertx();
    private final ByteString value = ByteString.copyFrom(new byte[VALUE_BYTES]);
    private final AtomicBoolean over = new AtomicBoolean();
    private final CountDownLatch idle = new CountDownLatch(IN_FLIGHT);
    private long next; // on the one event loop that sends

    private Training(Path folder) throws IOException {
        this.folder = folder;
        ports = freePorts(2 * MEMBERS);
    }

    /// @param folder for the members' data; the caller removes it
    /// @throws IOException when a member or the host does not start
    public static void run(Path folder, Duration load)
            throws IOException, InterruptedException, GeneralSecurityException {
        Training training = new Training(folder);
        try {
            training.openMembers();
            training.load(load);
        } finally {
            training.members.forEach(ServerParts::close);
        }
        host(folder.resolve("host"));
    }

    private void openMembers() throws IOException, InterruptedException {
        List<String> cluster = new ArrayList<>();
        for (int member = 0; member < MEMBERS; member++) cluster.add("t" + member + "=" + address(MEMBERS + member));
        for (int member = 0; member < MEMBERS; member++) {
            ServerConfig config = ServerConfig.of(
                    Map.of(
                            "name", "t" + member,
                            "data-dir", folder.resolve("t" + member).toString(),
                            "listen-client", address(member),
                            "listen-peer", address(MEMBERS + member),
                            "initial-cluster", String.join(",", cluster),
                            "snapshot-entries", "2000"),
                    null);
            switch (ServerParts.open(config, () -> {})) {
                case ServerParts.Opened.Ready(ServerParts parts) -> members.add(parts);
                case ServerParts.Opened.Refused(Reason why) -> throw new IOException(why.sentence());
            }
        }
    }

    private String address(int port) {
        return HOST + ":" + ports.get(port);
    }

    private void load(Duration length) throws InterruptedException {
        HttpClient http = vertx.createHttpClient(
                new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2).setHttp2ClearTextUpgrade(false));
        HttpClient pages = vertx.createHttpClient(); // HTTP/1, as whoever asks for health does
        vertx.getOrCreateContext().runOnContext(_ -> {
            for (int member = 0; member < MEMBERS; member++) page(pages, member, 0);
            for (int member = 0; member < MEMBERS; member++) watch(http, member);
            for (int slot = 0; slot < IN_FLIGHT; slot++) send(http);
        });
        TimeUnit.NANOSECONDS.sleep(length.toNanos());
        over.set(true);
        boolean _ = idle.await(END_SECONDS_MAX, TimeUnit.SECONDS); // what is lost here is only training
        pages.close();
        http.close();
        vertx.close();
    }

    private void send(HttpClient http) {
        if (over.get()) {
            idle.countDown();
            return;
        }
        long count = next++;
        int member = (int) (count % MEMBERS);
        var call = switch ((int) (count % 10)) {
            case 0, 1, 2, 3 -> call(http, member, "Put", put(count));
            case 4 ->
                call(
                        http,
                        member,
                        "Txn",
                        TxnRequest.newBuilder()
                                .addSuccess(RequestOp.newBuilder().setRequestPut(put(count)))
                                .addSuccess(RequestOp.newBuilder().setRequestRange(range(count, false)))
                                .build());
            case 5, 6 -> call(http, member, "Range", range(count, true));
            default -> call(http, member, "Range", range(count, false));
        };
        call.onComplete(_ -> send(http));
    }

    private PutRequest put(long count) {
        return PutRequest.newBuilder().setKey(key(count)).setValue(value).build();
    }

    private static RangeRequest range(long count, boolean serializable) {
        RangeRequest.Builder range =
                RangeRequest.newBuilder().setKey(key(count)).setSerializable(serializable);
        if (count % 97 == 0)
            range.setRangeEnd(ByteString.copyFromUtf8("train/z")).setLimit(100);
        return range.build();
    }

    private static ByteString key(long count) {
        return ByteString.copyFromUtf8("train/" + count * 7 % KEYS);
    }

    private io.vertx.core.Future<Buffer> call(HttpClient http, int member, String method, MessageLite message) {
        return http.request(HttpMethod.POST, ports.get(member), HOST, "/etcdserverpb.KV/" + method)
                .compose(request -> {
                    var answer = head(request).response().compose(response -> response.body());
                    return request.end(frame(message)).compose(_ -> answer);
                });
    }

    private void watch(HttpClient http, int member) {
        WatchRequest create = WatchRequest.newBuilder()
                .setCreateRequest(WatchCreateRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8("train/"))
                        .setRangeEnd(ByteString.copyFromUtf8("train0")))
                .build();
        http.request(HttpMethod.POST, ports.get(member), HOST, "/etcdserverpb.Watch/Watch")
                .onSuccess(request -> {
                    head(request).setChunked(true).response().onSuccess(response -> response.handler(_ -> {}));
                    int watchers = member == 0 ? 1 : WATCHERS; // both are usual
                    for (int count = 0; count < watchers; count++) request.write(frame(create));
                });
    }

    /// One page after the other until the load is over.
    private void page(HttpClient pages, int member, int count) {
        if (over.get()) return;
        pages.request(HttpMethod.GET, ports.get(member), HOST, PAGES.get(count % PAGES.size()))
                .compose(HttpClientRequest::send)
                .compose(response -> response.body())
                .onComplete(_ -> vertx.setTimer(PAGE_MILLIS, _ -> page(pages, member, count + 1)));
    }

    private static HttpClientRequest head(HttpClientRequest request) {
        return request.putHeader("content-type", "application/grpc").putHeader("te", "trailers");
    }

    private static Buffer frame(MessageLite message) {
        byte[] bytes = message.toByteArray();
        return Buffer.buffer().appendByte((byte) 0).appendInt(bytes.length).appendBytes(bytes);
    }

    /// Store, loop and agent, as `holdfast up` starts them.
    private static void host(Path folder) throws IOException, InterruptedException, GeneralSecurityException {
        List<Integer> free = freePorts(5);
        UpConfig config = new UpConfig(
                new holdfast.core.base.NodeId("training"),
                HOST,
                folder,
                new holdfast.server.start.join.Admission.Ports(free.get(0), free.get(1), free.get(2)),
                free.get(3),
                free.get(4));
        Joining.found(config);
        switch (UpParts.open(config, () -> {})) {
            case UpParts.Opened.Ready(UpParts parts) -> parts.close();
            case UpParts.Opened.Refused(Reason why) -> throw new IOException(why.sentence());
        }
    }

    private static List<Integer> freePorts(int count) throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        try {
            for (int index = 0; index < count; index++) sockets.add(new ServerSocket(0));
            return sockets.stream().map(ServerSocket::getLocalPort).toList();
        } finally {
            for (ServerSocket socket : sockets) socket.close();
        }
    }
}

package holdfast.server.truth.etcd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Dice;
import holdfast.protocol.etcd.DeleteRangeRequest;
import holdfast.protocol.etcd.DeleteRangeResponse;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.PutResponse;
import holdfast.protocol.etcd.RangeRequest;
import holdfast.protocol.etcd.RangeResponse;
import holdfast.protocol.etcd.WatchCreateRequest;
import holdfast.protocol.etcd.WatchRequest;
import holdfast.protocol.etcd.WatchResponse;
import holdfast.server.base.Metrics;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.grpc.common.GrpcStatus;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The door over a store in memory: what the transcripts cannot see.
final class EtcdDoorTest {
    private static final Map<String, String> WANTS_LEADER = Map.of("hasleader", "true");

    private Vertx vertx;
    private MemoryStore store;
    private DoorMetrics doorMetrics;
    private EtcdDoor door;
    private DoorClient client;

    @BeforeEach
    void open() throws Exception {
        vertx = Vertx.vertx();
        store = new MemoryStore();
        EtcdConfig config = EtcdConfig.at("127.0.0.1", 0)
                .withProgressEvery(Duration.ofMillis(100))
                .withLeaderlessLimit(Duration.ofMillis(200));
        Metrics metrics = new Metrics();
        metrics.gauge("etcd_server_has_leader", "As etcd's.", () -> 1);
        doorMetrics = new DoorMetrics(metrics);
        door = EtcdDoor.open(config, vertx, store, doorMetrics);
        client = new DoorClient(vertx, door.port());
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        door.close();
        store.close();
        DoorClient.get(vertx.close());
    }

    @Test
    void callThatWantsALeader_withoutOne_isRefusedAtOnce() throws Exception {
        store.leader(null);
        var answer =
                client.call("etcdserverpb.KV/Put", PutRequest.getDefaultInstance(), PutResponse.parser(), WANTS_LEADER);
        assertThat(answer.status()).isEqualTo(GrpcStatus.UNAVAILABLE);
        assertThat(answer.message()).isEqualTo("etcdserver: no leader");
    }

    @Test
    void watchThatWantsALeader_whenItStaysLost_ends() throws Exception {
        var wanting = client.watch(WANTS_LEADER);
        var patient = client.watch(Map.of());
        wanting.create("a", "", 0);
        patient.create("a", "", 0);
        assertThat(wanting.next().getCreated() && patient.next().getCreated()).isTrue();
        store.leader(null);
        DoorClient.await(() -> !wanting.ended.isEmpty());
        assertThat(wanting.ended).containsExactly("14: etcdserver: no leader");
        assertThat(patient.ended).isEmpty();
    }

    @Test
    void watchThatWantsALeader_whenALeaderComesBackInTime_stays() throws Exception {
        var wanting = client.watch(WANTS_LEADER);
        wanting.create("a", "", 0);
        assertThat(wanting.next().getCreated()).isTrue();
        store.leader(null);
        store.leader(7L);
        // A later loss proves that the earlier one was forgotten: it ends only once, for the later.
        client.put("a", "still here");
        assertThat(wanting.next().getEventsCount()).isEqualTo(1);
        assertThat(wanting.ended).isEmpty();
    }

    @Test
    void watcher_thatAskedForProgress_hearsTheRevisionWhileNothingHappens() throws Exception {
        var stream = client.watch(Map.of());
        stream.send(WatchRequest.newBuilder()
                .setCreateRequest(WatchCreateRequest.newBuilder()
                        .setKey(com.google.protobuf.ByteString.copyFromUtf8("quiet"))
                        .setProgressNotify(true)
                        .setWatchId(9))
                .build());
        assertThat(stream.next().getCreated()).isTrue();
        long revision = client.put("elsewhere", "x");
        WatchResponse progress = stream.next();
        while (progress.getHeader().getRevision() < revision) progress = stream.next();
        assertThat(progress.getWatchId()).isEqualTo(9);
        assertThat(progress.getEventsCount()).isZero();
    }

    @Test
    void slowClient_holdsUpNobody_andMissesNothing() throws Exception {
        String large = "x".repeat(100_000);
        try (DoorClient other = new DoorClient(vertx, door.port())) {
            var slow = client.watch(Map.of());
            slow.create("s", "t", 0);
            assertThat(slow.next().getCreated()).isTrue();
            slow.pause();
            var quick = other.watch(Map.of());
            quick.create("s", "t", 0);
            assertThat(quick.next().getCreated()).isTrue();
            int count = 300; // 30 MB, beyond every window and queue on the way
            for (int n = 0; n < count; n++) other.put("s" + n, large);
            int quickEvents = 0;
            while (quickEvents < count) quickEvents += quick.next().getEventsCount();
            assertThat(slow.heard.size()).isLessThan(count);
            slow.resume();
            long last = 0;
            for (int slowEvents = 0; slowEvents < count; ) {
                WatchResponse next = slow.next();
                slowEvents += next.getEventsCount();
                for (var event : next.getEventsList()) {
                    assertThat(event.getKv().getModRevision()).isGreaterThan(last);
                    last = event.getKv().getModRevision();
                }
            }
        }
    }

    @Test
    void watchersOfOneStream_getEachEventWhole_howeverLarge() throws Exception {
        int watchers = 40;
        var stream = client.watch(Map.of());
        for (int count = 0; count < watchers; count++) stream.create("m", "n", 0);
        for (int count = 0; count < watchers; count++)
            assertThat(stream.next().getCreated()).isTrue();
        List<String> values = new ArrayList<>();
        for (int bytes : List.of(1, 300, 40_000, 0, 33_000, 7, 200_000, 3_000, 2)) values.add("v".repeat(bytes));
        try (DoorClient other = new DoorClient(vertx, door.port())) {
            for (int n = 0; n < values.size(); n++) other.put("m" + n, values.get(n));
        }
        Map<Long, List<String>> got = new TreeMap<>();
        for (int left = watchers * values.size(); left > 0; ) {
            WatchResponse next = stream.next();
            left -= next.getEventsCount();
            List<String> ofOne = got.computeIfAbsent(next.getWatchId(), _ -> new ArrayList<>());
            for (var event : next.getEventsList())
                ofOne.add(event.getKv().getValue().toStringUtf8());
        }
        assertThat(got)
                .hasSize(watchers)
                .allSatisfy((_, ofOne) -> assertThat(ofOne).isEqualTo(values));
    }

    @Test
    void streamThatIsCancelledUnread_owesNothingAnyMore_whileItsConnectionStays() throws Exception {
        var stream = client.watch(Map.of());
        for (int count = 0; count < 20; count++) stream.create("m", "n", 0);
        for (int count = 0; count < 20; count++)
            assertThat(stream.next().getCreated()).isTrue();
        stream.pause();
        try (DoorClient other = new DoorClient(vertx, door.port())) {
            for (int count = 0; count < 200; count++) other.put("m", "v".repeat(1_000));
            DoorClient.await(() -> doorMetrics.backlog.unsentBytes() > 0);
            stream.cancel();
            DoorClient.await(() -> store.watcherCount() == 0 && doorMetrics.backlog.unsentBytes() == 0);
            client.put("still", "here");
        }
    }

    @Test
    void watchers_ofAClientThatLeft_areForgotten() throws Exception {
        var cancelled = client.watch(Map.of());
        cancelled.create("a", "", 0);
        assertThat(cancelled.next().getCreated()).isTrue();
        try (DoorClient other = new DoorClient(vertx, door.port())) {
            var broken = other.watch(Map.of());
            broken.create("b", "", 0);
            assertThat(broken.next().getCreated()).isTrue();
            assertThat(store.watcherCount()).isEqualTo(2);
        }
        DoorClient.await(() -> store.watcherCount() == 1);
        cancelled.cancel();
        DoorClient.await(() -> store.watcherCount() == 0);
    }

    @Test
    void message_cutIntoPieces_isTheSame() throws Exception {
        Dice dice = new Dice(7);
        HttpClient http = vertx.createHttpClient(
                new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2).setHttp2ClearTextUpgrade(false));
        for (int round = 0; round < 20; round++) {
            PutRequest put = PutRequest.newBuilder()
                    .setKey(com.google.protobuf.ByteString.copyFromUtf8("cut" + round))
                    .setValue(com.google.protobuf.ByteString.copyFrom(new byte[dice.nextInt(2_000)]))
                    .build();
            Buffer frame = Buffer.buffer()
                    .appendByte((byte) 0)
                    .appendInt(put.getSerializedSize())
                    .appendBytes(put.toByteArray());
            var request =
                    DoorClient.get(http.request(HttpMethod.POST, door.port(), "127.0.0.1", "/etcdserverpb.KV/Put"));
            request.putHeader("content-type", "application/grpc").setChunked(true);
            var status = request.response()
                    .compose(response -> response.body().map(_ -> response.getTrailer("grpc-status")));
            for (int at = 0; at < frame.length(); ) {
                int end = Math.min(frame.length(), at + 1 + dice.nextInt(frame.length() / 3 + 1));
                DoorClient.get(request.write(frame.slice(at, end)));
                at = end;
            }
            request.end();
            assertThat(DoorClient.get(status)).isEqualTo("0");
        }
        RangeRequest all = RangeRequest.newBuilder()
                .setKey(com.google.protobuf.ByteString.copyFromUtf8("cut"))
                .setRangeEnd(com.google.protobuf.ByteString.copyFromUtf8("cuu"))
                .build();
        assertThat(client.call("etcdserverpb.KV/Range", all, RangeResponse.parser(), Map.of())
                        .body()
                        .getCount())
                .isEqualTo(20);
        DoorClient.get(http.close());
    }

    @Test
    void largePage_askedForByAClientThatUpgrades_comesWhole() throws Exception {
        java.net.URI page = java.net.URI.create("http://127.0.0.1:" + door.port() + "/metrics");
        for (int round = 0; round < 40; round++) {
            try (java.net.http.HttpClient http = java.net.http.HttpClient.newHttpClient()) {
                var answer = http.send(
                        java.net.http.HttpRequest.newBuilder(page).build(),
                        java.net.http.HttpResponse.BodyHandlers.ofString());
                assertThat(answer.statusCode()).isEqualTo(200);
                assertThat(answer.body()).endsWith("\n");
            }
        }
    }

    @Test
    void bytes_thatAreNoMessage_areRefused() throws Exception {
        var call = client.open("etcdserverpb.KV/Put", Map.of());
        var answer = DoorClient.get(DoorClient.answer(call, new byte[] {0x0a, 0x7f, 1}, PutResponse.parser()));
        assertThat(answer.status()).isEqualTo(GrpcStatus.INTERNAL);
        assertThat(answer.message()).startsWith("grpc: error unmarshalling request");
    }

    @Test
    void manyCalls_atOnceOnOneConnection_areAllAnswered() throws Exception {
        List<io.vertx.core.Future<GrpcStatus>> answers = new java.util.ArrayList<>();
        for (int n = 0; n < 2_000; n++) {
            PutRequest put = PutRequest.newBuilder()
                    .setKey(com.google.protobuf.ByteString.copyFromUtf8("many" + n))
                    .build();
            var call = client.open("etcdserverpb.KV/Put", Map.of());
            answers.add(DoorClient.answer(call, put.toByteArray(), PutResponse.parser())
                    .map(DoorClient.Answer::status));
        }
        for (var answer : answers) assertThat(DoorClient.get(answer)).isEqualTo(GrpcStatus.OK);
        var deleted = client.call(
                "etcdserverpb.KV/DeleteRange",
                DeleteRangeRequest.newBuilder()
                        .setKey(com.google.protobuf.ByteString.copyFromUtf8("many"))
                        .setRangeEnd(com.google.protobuf.ByteString.copyFromUtf8("manz"))
                        .build(),
                DeleteRangeResponse.parser(),
                Map.of());
        assertThat(deleted.body().getDeleted()).isEqualTo(2_000);
    }

    @Test
    void pages_answerAsEtcdDoes() throws Exception {
        assertThat(page("/health")).isEqualTo("200 {\"health\":\"true\",\"reason\":\"\"}");
        assertThat(page("/livez")).isEqualTo("200 ok\n");
        assertThat(page("/readyz?verbose")).contains("[+]linearizable_read ok\n", "[+]non_learner ok\n");
        assertThat(page("/readyz/serializable_read")).isEqualTo("200 ok\n");
        assertThat(page("/version")).contains("\"etcdserver\":\"3.6.");
        assertThat(page("/metrics")).startsWith("200 ").contains("\netcd_server_has_leader 1\n");
        assertThat(page("/nowhere")).startsWith("404 ");
        store.leader(null);
        assertThat(page("/health")).isEqualTo("503 {\"health\":\"false\",\"reason\":\"RAFT NO LEADER\"}\n");
        assertThat(page("/health?serializable=true")).startsWith("200 ");
    }

    private String page(String path) throws Exception {
        try (java.net.http.HttpClient http = java.net.http.HttpClient.newBuilder()
                .version(java.net.http.HttpClient.Version.HTTP_1_1)
                .build()) {
            HttpResponse<String> answer = http.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + door.port() + path))
                            .build(),
                    HttpResponse.BodyHandlers.ofString(UTF_8));
            return answer.statusCode() + " " + answer.body();
        }
    }
}

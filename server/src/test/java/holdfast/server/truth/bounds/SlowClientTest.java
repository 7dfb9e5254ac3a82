package holdfast.server.truth.bounds;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.protocol.etcd.CompactionRequest;
import holdfast.protocol.etcd.CompactionResponse;
import holdfast.protocol.etcd.DeleteRangeRequest;
import holdfast.protocol.etcd.DeleteRangeResponse;
import holdfast.protocol.etcd.LeaseKeepAliveRequest;
import holdfast.protocol.etcd.LeaseKeepAliveResponse;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.RangeRequest;
import holdfast.protocol.etcd.RangeResponse;
import holdfast.protocol.etcd.RequestOp;
import holdfast.protocol.etcd.TxnRequest;
import holdfast.protocol.etcd.TxnResponse;
import holdfast.protocol.etcd.WatchCreateRequest;
import holdfast.protocol.etcd.WatchRequest;
import holdfast.protocol.etcd.WatchResponse;
import holdfast.protocol.mvcc.Event;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Tap;
import holdfast.server.client.Txn;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import holdfast.server.truth.etcd.DoorClient;
import io.vertx.core.Vertx;
import io.vertx.grpc.common.GrpcStatus;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Clients that ask for more than they read, against one server with the heap of the launcher. Each test has keys of
/// its own; what a member may take in all is tried after each.
final class SlowClientTest {
    /// 256 MiB of heap; RocksDB, code, threads and the sockets' buffers beside it.
    private static final long MEMBER_MEBIBYTES_MAX = 640;

    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final int VALUE_BYTES = 64 << 10;
    private static final int WATCHERS = 10_000;

    /// The others may wait this much longer than before, and in any case this long: the machine may be busy.
    private static final long RATIO_MAX = 10;

    private static final long MILLIS_ALWAYS = 400;

    @TempDir
    private static Path folder;

    private static StoreCluster cluster;
    private static Vertx vertx;

    @BeforeAll
    static void start() {
        vertx = Vertx.vertx();
        cluster = StoreCluster.start(folder, 1, "--loop=off");
    }

    @AfterAll
    static void stop() {
        cluster.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    @AfterEach
    void memberIsAliveAndWithinItsMemory() {
        assertThat(cluster.server(0).isAlive()).as(cluster.logs()).isTrue();
        assertThat(Meter.peakMebibytes(cluster.server(0))).isLessThan(MEMBER_MEBIBYTES_MAX);
        assertThat(cluster.server(0).log()).doesNotContain("OutOfMemoryError");
    }

    private static int port() {
        return URI.create(cluster.url(0)).getPort();
    }

    private static DoorClient door() {
        return new DoorClient(vertx, port());
    }

    private static Bytes value() {
        byte[] value = new byte[VALUE_BYTES];
        java.util.Arrays.fill(value, (byte) 'v');
        return Bytes.wrap(value);
    }

    private static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }

    /// Puts `count` large values below a prefix, eight at a time, and measures another writer meanwhile.
    private static Meter.Reading load(String prefix, int count) throws InterruptedException {
        AtomicInteger next = new AtomicInteger();
        List<Thread> writers = new ArrayList<>();
        Bytes value = value();
        try (Meter meter = new Meter(cluster.client(0))) {
            for (int writer = 0; writer < 8; writer++) {
                writers.add(Thread.ofVirtual().start(() -> {
                    for (int number = next.getAndIncrement(); number < count; number = next.getAndIncrement()) {
                        Txn put = new Txn().put(Bytes.utf8(prefix + "%06d".formatted(number)), value);
                        Answer<Etcd.Committed> answer = cluster.client(0).commit(put);
                        while (!(answer instanceof Answer.Done))
                            answer = cluster.client(0).commit(put);
                    }
                }));
            }
            for (Thread writer : writers) writer.join();
            return meter.read();
        }
    }

    private static void assertUnnoticed(Meter.Reading before, Meter.Reading meanwhile) {
        System.out.printf("before: %s%nmeanwhile: %s%n", before, meanwhile);
        assertThat(meanwhile.failed()).isEmpty();
        assertThat(meanwhile.p99Millis()).isLessThan(Math.max(MILLIS_ALWAYS, RATIO_MAX * before.p99Millis()));
    }

    private static long compact() throws Exception {
        long revision = ((Answer.Done<Snapshot>) cluster.client(0).get(Bytes.utf8("none")))
                .value()
                .revision();
        try (DoorClient door = door()) {
            CompactionRequest request =
                    CompactionRequest.newBuilder().setRevision(revision).build();
            door.call("etcdserverpb.KV/Compact", request, CompactionResponse.parser(), Map.of());
        }
        return revision;
    }

    /// Gathers events until one of `lastRevision` came or the watch was cancelled.
    private static WatchResponse gather(DoorClient.WatchStreamClient stream, List<Event> into, long lastRevision)
            throws InterruptedException {
        while (true) {
            WatchResponse next = stream.next();
            into.addAll(next.getEventsList());
            if (next.getCanceled()) return next;
            if (!into.isEmpty() && into.getLast().getKv().getModRevision() >= lastRevision) return next;
        }
    }

    @Test
    void watcherThatReadsNothing_costsLittle_andGetsEverythingInOrderLater() throws Exception {
        Meter.Reading before = load("calm/", 300);
        AtomicLong worstLagNanos = new AtomicLong();
        List<Tap.News> ended = new ArrayList<>();
        try (DoorClient door = door();
                Tap other = lagOf("busy/", worstLagNanos, ended)) {
            DoorClient.WatchStreamClient slow = door.watch(Map.of());
            slow.create("busy/", "busy0", 0);
            long from = slow.next().getHeader().getRevision();
            slow.pause();
            assertUnnoticed(before, load("busy/", 1_600)); // 100 MiB
            long last = cluster.client(0).commit(new Txn().put(Bytes.utf8("busy/z"), Bytes.utf8("end")))
                            instanceof Answer.Done<Etcd.Committed>(Etcd.Committed done)
                    ? done.revision()
                    : 0;
            assertThat(last).isGreaterThan(from + 1_600);
            assertThat(ended).isEmpty();
            assertThat(Duration.ofNanos(worstLagNanos.get())).isLessThan(Duration.ofSeconds(5));
            slow.resume();
            List<Event> events = new ArrayList<>();
            gather(slow, events, last);
            assertThat(events).hasSize(1_601);
            for (int index = 1; index < events.size(); index++)
                assertThat(events.get(index).getKv().getModRevision())
                        .isGreaterThan(events.get(index - 1).getKv().getModRevision());
        }
    }

    /// Another watcher of the same keys, and the longest time that it heard nothing while something was there.
    private static Tap lagOf(String prefix, AtomicLong worstNanos, List<Tap.News> ended) {
        AtomicLong heardNanos = new AtomicLong();
        Answer<Tap> opened = Tap.open(cluster.client(0), KeyRange.prefix(Bytes.utf8(prefix)), 0, false, news -> {
            long now = System.nanoTime();
            long gap = heardNanos.get() == 0 ? 0 : now - heardNanos.get();
            heardNanos.set(now);
            if (news instanceof Tap.News.Ended) ended.add(news);
            else worstNanos.accumulateAndGet(gap, Math::max);
        });
        return ((Answer.Done<Tap>) opened).value();
    }

    @Test
    void watcherThatReadsNothing_whileTheStoreIsCompacted_hearsOfTheGap() throws Exception {
        try (DoorClient door = door()) {
            DoorClient.WatchStreamClient slow = door.watch(Map.of());
            slow.create("gap/", "gap0", 0);
            slow.next();
            slow.pause();
            load("gap/", 200); // 12 MiB: more than is kept for one stream
            long compacted = compact();
            slow.resume();
            List<Event> events = new ArrayList<>();
            WatchResponse end = gather(slow, events, Long.MAX_VALUE);
            assertThat(end.getCompactRevision()).isEqualTo(compacted);
            assertThat(events.size()).isBetween(1, 199);
            for (int index = 1; index < events.size(); index++)
                assertThat(events.get(index).getKv().getModRevision())
                        .isGreaterThan(events.get(index - 1).getKv().getModRevision());
        }
    }

    /// Ten fixes, 2, and with it what one request may read or delete in one go.
    @Test
    void tenFixes2_bigReadsThatNobodyTakes_costLittle_andOthersGetTheirs() throws Exception {
        Meter.Reading before = load("big/", 1_000); // 62 MiB
        RangeRequest all = RangeRequest.newBuilder()
                .setKey(bytes("big/"))
                .setRangeEnd(bytes("big0"))
                .build();
        try (BareHttp2 deaf = new BareHttp2(port(), 4_096);
                BareHttp2 deafer = new BareHttp2(port(), 4_096);
                BareHttp2 reader = new BareHttp2(port(), 0)) {
            for (int calls = 0; calls < 32; calls++) deaf.ask("etcdserverpb.KV/Range", all);
            for (int calls = 0; calls < 3_000; calls++) // 190 MiB of single keys
            deafer.ask("etcdserverpb.KV/Range", one("big/" + "%06d".formatted(calls % 1_000)));
            deaf.flush();
            deafer.flush();
            Meter.Reading meanwhile;
            int[] pairs = {0};
            long[] valueBytes = {0};
            try (Meter meter = new Meter(cluster.client(0))) {
                for (int round = 0; round < 3; round++) {
                    RangeResponse rest = reader.range(reader.ask("etcdserverpb.KV/Range", all), pair -> {
                        assertThat(pair.getKey().toStringUtf8()).isEqualTo("big/%06d".formatted(pairs[0]++ % 1_000));
                        valueBytes[0] += pair.getValue().size();
                    });
                    assertThat(rest.getCount()).isEqualTo(1_000);
                    assertThat(rest.getMore()).isFalse();
                    assertThat(rest.getHeader().getRevision()).isPositive();
                }
                meanwhile = meter.read();
            }
            assertThat(pairs[0]).isEqualTo(3_000);
            assertThat(valueBytes[0]).isEqualTo(3_000L * VALUE_BYTES);
            assertUnnoticed(before, meanwhile);
        }
        awaitNobody();
    }

    /// As etcd's client does when it stops keeping a lease alive.
    @Test
    void callThatIsEndedAndResetInOneBreath_leavesTheConnectionToTheOthers() throws Exception {
        try (BareHttp2 client = new BareHttp2(port(), 0)) {
            for (int calls = 0; calls < 20; calls++) {
                int kept = client.open("etcdserverpb.Lease/LeaseKeepAlive");
                client.say(kept, LeaseKeepAliveRequest.newBuilder().setID(1).build(), false);
                LeaseKeepAliveResponse there = client.message(kept, LeaseKeepAliveResponse.parser());
                assertThat(there.getTTL()).isZero(); // there is no such lease
                client.endAndReset(kept);
                RangeResponse next =
                        client.answer(client.ask("etcdserverpb.KV/Range", one("nothing")), RangeResponse.parser());
                assertThat(next.getHeader().getRevision()).isPositive();
            }
        }
    }

    private static RangeRequest one(String key) {
        return RangeRequest.newBuilder().setKey(bytes(key)).build();
    }

    /// A transaction that reads or deletes everything would be carried out in the memory of all members at once, and
    /// again at each start.
    @Test
    void transactionThatHoldsTooMuch_isRefused_andSmallerOnesDoIt() throws Exception {
        load("heavy/", 1_200); // 75 MiB
        RangeRequest all = RangeRequest.newBuilder()
                .setKey(bytes("heavy/"))
                .setRangeEnd(bytes("heavy0"))
                .build();
        TxnRequest readAndWrite = TxnRequest.newBuilder()
                .addSuccess(RequestOp.newBuilder().setRequestRange(all))
                .addSuccess(RequestOp.newBuilder()
                        .setRequestPut(PutRequest.newBuilder().setKey(bytes("heavy-mark"))))
                .build();
        TxnRequest readOnly = TxnRequest.newBuilder()
                .addSuccess(RequestOp.newBuilder().setRequestRange(all))
                .build();
        DeleteRangeRequest deleteAll = DeleteRangeRequest.newBuilder()
                .setKey(bytes("heavy/"))
                .setRangeEnd(bytes("heavy0"))
                .build();
        try (DoorClient door = door()) {
            for (TxnRequest txn : List.of(readAndWrite, readOnly)) {
                var refused = door.call("etcdserverpb.KV/Txn", txn, TxnResponse.parser(), Map.of());
                assertThat(refused.status()).isEqualTo(GrpcStatus.INVALID_ARGUMENT);
                assertThat(refused.message()).isEqualTo("etcdserver: request is too large");
            }
            assertThat(door.call("etcdserverpb.KV/Range", one("heavy-mark"), RangeResponse.parser(), Map.of())
                            .body()
                            .getCount())
                    .isZero();
            var tooMany = door.call("etcdserverpb.KV/DeleteRange", deleteAll, DeleteRangeResponse.parser(), Map.of());
            assertThat(tooMany.message()).isEqualTo("etcdserver: request is too large");
            for (String from : List.of("heavy/", "heavy/000600")) {
                DeleteRangeRequest half = deleteAll.toBuilder()
                        .setKey(bytes(from))
                        .setRangeEnd(from.equals("heavy/") ? bytes("heavy/000600") : bytes("heavy0"))
                        .build();
                assertThat(door.call("etcdserverpb.KV/DeleteRange", half, DeleteRangeResponse.parser(), Map.of())
                                .body()
                                .getDeleted())
                        .isEqualTo(600);
            }
        }
    }

    /// Requests whose answers nobody takes: creations of watches, and renewals.
    @Test
    void streamsThatAskWithoutReading_areNotListenedTo() throws Exception {
        long lease = 4_711;
        assertThat(cluster.client(0).grant(lease, 600)).isInstanceOf(Answer.Done.class);
        WatchRequest create = WatchRequest.newBuilder()
                .setCreateRequest(WatchCreateRequest.newBuilder().setKey(bytes("nothing")))
                .build();
        LeaseKeepAliveRequest renew =
                LeaseKeepAliveRequest.newBuilder().setID(lease).build();
        int requests = 100_000;
        try (DoorClient door = door()) {
            for (Map.Entry<String, ? extends com.google.protobuf.MessageLite> flood : Map.of(
                            "etcdserverpb.Watch/Watch", create, "etcdserverpb.Lease/LeaseKeepAlive", renew)
                    .entrySet()) {
                var call = door.open(flood.getKey(), Map.of());
                call.response().onSuccess(io.vertx.grpc.client.GrpcClientResponse::pause);
                for (int request = 0; request < requests; request++)
                    call.write(
                            io.vertx.core.buffer.Buffer.buffer(flood.getValue().toByteArray()));
            }
            awaitStill("etcd_network_client_grpc_received_bytes_total");
            assertThat(Meter.metric(cluster.url(0), "etcd_debugging_mvcc_watcher_total"))
                    .isLessThan(requests / 2);
            assertThat(Meter.metric(cluster.url(0), "holdfast_clients_unsent_bytes"))
                    .isLessThan(1 << 20);
        }
        awaitNobody();
    }

    /// Waits until a number of the member has not changed for a while.
    private static void awaitStill(String name) {
        double[] last = {-1};
        int[] equal = {0};
        Processes.await(name + " stands still", LIMIT, () -> {
            double now = Meter.metric(cluster.url(0), name);
            equal[0] = now == last[0] ? equal[0] + 1 : 0;
            last[0] = now;
            return equal[0] >= 20;
        });
    }

    /// Nothing is kept for those who went.
    private static void awaitNobody() {
        Processes.await(
                "the end of all watches",
                LIMIT,
                () -> Meter.metric(cluster.url(0), "etcd_debugging_mvcc_watcher_total") == 0
                        && Meter.metric(cluster.url(0), "etcd_debugging_mvcc_watch_stream_total") == 0
                        && Meter.metric(cluster.url(0), "holdfast_clients_unsent_bytes") == 0);
    }

    /// Ten fixes, 7: ten thousand watchers of one prefix on a few connections, and streams beside them that read
    /// nothing. When their connections go all of them are gone.
    @Test
    void tenFixes7_tenThousandWatchersOfOnePrefix_getEachEventOnce_whateverOthersRead() throws Exception {
        int streams = 4;
        int puts = 20;
        DoorClient deaf = door();
        List<DoorClient> doors = List.of(door(), door());
        List<DoorClient.WatchStreamClient> listening = new ArrayList<>();
        for (int stream = 0; stream < streams; stream++)
            listening.add(watchers(doors.get(stream % 2), WATCHERS / streams));
        for (int stream = 0; stream < 10; stream++) watchers(deaf, 100).pause();
        long begun = System.nanoTime();
        List<Long> revisions = new ArrayList<>();
        for (int put = 0; put < puts; put++) {
            Answer<Etcd.Committed> done =
                    cluster.client(0).commit(new Txn().put(Bytes.utf8("fan/" + put), Bytes.utf8("v".repeat(100))));
            revisions.add(((Answer.Done<Etcd.Committed>) done).value().revision());
        }
        for (DoorClient.WatchStreamClient stream : listening) {
            Map<Long, List<Long>> heard = new TreeMap<>();
            int left = WATCHERS / streams * puts;
            while (left > 0) {
                WatchResponse next = stream.next();
                List<Long> own = heard.computeIfAbsent(next.getWatchId(), _ -> new ArrayList<>());
                next.getEventsList().forEach(event -> own.add(event.getKv().getModRevision()));
                left -= next.getEventsCount();
            }
            assertThat(heard).hasSize(WATCHERS / streams);
            assertThat(heard.values()).allSatisfy(own -> assertThat(own).isEqualTo(revisions));
        }
        System.out.printf(
                "%d watchers, %d events: %d ms%n", WATCHERS, WATCHERS * puts, (System.nanoTime() - begun) / 1_000_000);
        deaf.close();
        for (DoorClient door : doors) door.close();
        awaitNobody();
    }

    private static DoorClient.WatchStreamClient watchers(DoorClient door, int count) throws Exception {
        DoorClient.WatchStreamClient stream = door.watch(Map.of());
        for (int watcher = 0; watcher < count; watcher++) stream.create("fan/", "fan0", 0);
        for (int watcher = 0; watcher < count; watcher++)
            assertThat(stream.next().getCreated()).isTrue();
        return stream;
    }

    /// Ten fixes, 6, for etcd's watches: one who was away gets what it missed, or one word that it cannot.
    @Test
    void tenFixes6_watcherThatWasAway_getsAllItMissedOrOneGap() throws Exception {
        try (DoorClient door = door()) {
            DoorClient.WatchStreamClient first = door.watch(Map.of());
            first.create("away/", "away0", 0);
            first.next();
            long seen = door.put("away/first", "v");
            assertThat(first.next().getEvents(0).getKv().getModRevision()).isEqualTo(seen);
            first.cancel();
            List<String> missed = new ArrayList<>();
            for (int batch = 0; batch < 100; batch++) { // 10,000 changes in transactions of 100
                Txn txn = new Txn();
                for (int key = 0; key < 100; key++) {
                    missed.add("away/%03d/%02d".formatted(batch, key));
                    txn.put(Bytes.utf8(missed.getLast()), Bytes.utf8("v" + batch));
                }
                assertThat(cluster.client(0).commit(txn)).isInstanceOf(Answer.Done.class);
            }
            DoorClient.WatchStreamClient again = door.watch(Map.of());
            again.create("away/", "away0", seen + 1);
            List<Event> events = new ArrayList<>();
            gather(again, events, seen + 100);
            assertThat(events.stream().map(event -> event.getKv().getKey().toStringUtf8()))
                    .isEqualTo(missed);
            long compacted = compact();
            DoorClient.WatchStreamClient tooLate = door.watch(Map.of());
            tooLate.create("away/", "away0", seen + 1);
            WatchResponse end = gather(tooLate, new ArrayList<>(), Long.MAX_VALUE);
            assertThat(end.getCanceled()).isTrue();
            assertThat(end.getCompactRevision()).isEqualTo(compacted);
            assertThat(end.getEventsCount()).isZero();
        }
    }

    /// They fall due within the few seconds that it took to grant them.
    @Test
    void expiryOfManyLeases_doesNotStopPuts() throws Exception {
        int leases = 100_000;
        double revoked = Meter.metric(cluster.url(0), "etcd_debugging_lease_revoked_total");
        Meter.Reading before;
        try (Meter meter = new Meter(cluster.client(0))) {
            ManyLeasesTest.grant(cluster.url(0), leases, 5);
            before = meter.read();
        }
        try (Meter meter = new Meter(cluster.client(0))) {
            Processes.await(
                    "the end of all leases",
                    LIMIT,
                    () -> Meter.metric(cluster.url(0), "etcd_debugging_lease_revoked_total") >= revoked + leases);
            assertUnnoticed(before, meter.read());
        }
        assertThat(((Answer.Done<List<Long>>) cluster.client(0).leases()).value())
                .hasSizeLessThan(leases / 100);
    }
}

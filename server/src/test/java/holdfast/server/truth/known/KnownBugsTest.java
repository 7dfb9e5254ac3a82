package holdfast.server.truth.known;

import static holdfast.server.truth.known.Bench.LIMIT;
import static holdfast.server.truth.known.Bench.bytes;
import static holdfast.server.truth.known.Bench.done;
import static holdfast.server.truth.known.Bench.key;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.KeyRange;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.RangeRequest;
import holdfast.protocol.etcd.RequestOp;
import holdfast.protocol.etcd.TxnRequest;
import holdfast.protocol.etcd.TxnResponse;
import holdfast.protocol.lock.LockRequest;
import holdfast.protocol.lock.LockResponse;
import holdfast.protocol.lock.UnlockRequest;
import holdfast.protocol.lock.UnlockResponse;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Tap;
import holdfast.server.client.Txn;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import holdfast.server.truth.etcd.DoorClient;
import io.vertx.grpc.common.GrpcStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Bugs that etcd and its locks had, tried on one running cluster of three. Each test has keys of its own.
final class KnownBugsTest {
    private static final Duration TTL = Duration.ofSeconds(2);

    @TempDir
    private static Path folder;

    private static Bench bench;

    @BeforeAll
    static void start() {
        bench = new Bench(StoreCluster.start(folder, 3, "--loop=off", "--snapshot-entries=400"));
    }

    @AfterAll
    static void stop() {
        bench.close();
    }

    private static void pass(Duration time) {
        long until = Ticker.system().nanos() + time.toNanos();
        Processes.await("time passes", LIMIT, () -> Ticker.system().nanos() - until >= 0);
    }

    /// A leader that slept serves reads from before its sleep.
    @Test
    void etcd20418_staleReadAfterPause_isNotServed() throws InterruptedException {
        for (int round = 0; round < 3; round++) {
            int leader = bench.cluster.awaitLeader();
            long before = bench.put(leader, "pause", "before" + round);
            bench.cluster.server(leader).freeze();
            ConcurrentLinkedQueue<Snapshot> read = new ConcurrentLinkedQueue<>();
            List<Thread> readers = new ArrayList<>();
            long after = bench.put((leader + 1) % 3, "pause", "after" + round);
            for (int reader = 0; reader < 16; reader++) {
                readers.add(Thread.ofVirtual().start(() -> {
                    if (bench.cluster.client(leader).get(key("pause")) instanceof Answer.Done<Snapshot>(Snapshot found))
                        read.add(found);
                }));
            }
            pass(Duration.ofMillis(100)); // they wait in the sleeper's sockets
            bench.cluster.server(leader).thaw();
            for (Thread reader : readers) reader.join();
            assertThat(after).isGreaterThan(before);
            assertThat(read).isNotEmpty().allSatisfy(found -> {
                assertThat(found.revision()).isGreaterThanOrEqualTo(after);
                assertThat(found.pairs().getFirst().modRevision()).isEqualTo(after);
            });
        }
    }

    /// A leader that stalled ends leases that were renewed with its successor. (Ten fixes, 3a, scaled down.)
    @Test
    void etcd15247_leaderBackFromAStall_endsNoLiveLease() {
        int leader = bench.cluster.awaitLeader();
        Etcd other = bench.cluster.client((leader + 1) % 3);
        long lease = ((Answer.Done<Etcd.Granted>) other.grant(TTL.toSeconds()))
                .value()
                .id();
        long bound =
                done(other.commit(new Txn().put(key("alive"), key("v"), lease))).revision();
        bench.cluster.server(leader).freeze();
        long until = Ticker.system().nanos() + TTL.multipliedBy(2).toNanos();
        Processes.await("renewals", LIMIT, () -> {
            Answer<Long> _ = other.renew(lease, 500_000_000);
            return Ticker.system().nanos() - until >= 0;
        });
        bench.cluster.server(leader).thaw();
        assertThat(other.renew(lease, LIMIT.toNanos())).isEqualTo(new Answer.Done<>(TTL.toSeconds()));
        bench.cluster.awaitLeader();
        assertThat(other.renew(lease, LIMIT.toNanos())).isEqualTo(new Answer.Done<>(TTL.toSeconds()));
        assertThat(bench.read(leader, "alive")).containsExactly("alive=v@" + bound);
        assertThat(other.revoke(lease)).isInstanceOf(holdfast.core.base.Outcome.Done.class);
    }

    /// Expired leases that are never removed (also #10686).
    @Test
    void etcd9935_expiredLeases_areRemovedWithTheirKeys() {
        Etcd client = bench.cluster.client(0);
        List<Long> leases = new ArrayList<>();
        for (int number = 0; number < 40; number++) {
            long lease = ((Answer.Done<Etcd.Granted>) client.grant(TTL.toSeconds()))
                    .value()
                    .id();
            leases.add(lease);
            done(client.commit(new Txn().put(key("expire/" + number), key("v"), lease)));
        }
        Processes.await("the end of all", LIMIT, () -> bench.read(1, "expire/").isEmpty());
        for (long lease : leases)
            assertThat(client.renew(lease, LIMIT.toNanos())).isEqualTo(new Answer.Done<>(0L));
    }

    /// The lock bug that Jepsen found in 3.4.3: one who waited for a lock gets it though its lease ended meanwhile.
    @Test
    void jepsen343_waiterWhoseLeaseEnded_getsNoLock() throws Exception {
        Etcd client = bench.cluster.client(0);
        long holder = ((Answer.Done<Etcd.Granted>) client.grant(60)).value().id();
        long waiter = ((Answer.Done<Etcd.Granted>) client.grant(TTL.toSeconds()))
                .value()
                .id();
        DoorClient.Answer<LockResponse> held = lock(0, holder);
        assertThat(held.status()).isEqualTo(GrpcStatus.OK);
        List<DoorClient.Answer<LockResponse>> got = new ArrayList<>();
        Thread waiting = Thread.ofVirtual().start(() -> {
            try {
                got.add(lock(1, waiter));
            } catch (Exception lost) {
                throw new IllegalStateException(lost);
            }
        });
        Processes.await(
                "the waiter's key, and its end",
                LIMIT,
                () -> bench.read(0, "locked/").size() == 2);
        Processes.await(
                "the end of the waiter's lease",
                LIMIT,
                () -> bench.read(0, "locked/").size() == 1);
        UnlockRequest unlock =
                UnlockRequest.newBuilder().setKey(held.body().getKey()).build();
        bench.call(0, "v3lockpb.Lock/Unlock", unlock, UnlockResponse.parser());
        waiting.join();
        assertThat(got).hasSize(1);
        assertThat(got.getFirst().status()).isNotEqualTo(GrpcStatus.OK);
        assertThat(bench.read(0, "locked/")).isEmpty();
    }

    private static DoorClient.Answer<LockResponse> lock(int member, long lease) throws Exception {
        LockRequest request = LockRequest.newBuilder()
                .setName(bytes("locked"))
                .setLease(lease)
                .build();
        return bench.call(member, "v3lockpb.Lock/Lock", request, LockResponse.parser());
    }

    /// One who held a lock and slept past its lease still writes. (Ten fixes, 4: the key's create revision is the
    /// token that every write is guarded by.)
    @Test
    void jepsen343_formerHolder_writesNothingUnderItsToken() {
        Etcd client = bench.cluster.client(0);
        long lease = ((Answer.Done<Etcd.Granted>) client.grant(TTL.toSeconds()))
                .value()
                .id();
        long token = done(client.commit(new Txn().ifAbsent(key("holder")).put(key("holder"), key("one"), lease)))
                .revision();
        assertThat(done(client.commit(guarded(token))).succeeded()).isTrue();
        Processes.await(
                "the end of its lease", LIMIT, () -> bench.read(0, "holder").isEmpty());
        long next = bench.put(1, "holder", "two");
        for (int tries = 0; tries < 100; tries++) {
            assertThat(done(bench.cluster.client(tries % 3).commit(guarded(token)))
                            .succeeded())
                    .isFalse();
        }
        assertThat(done(client.commit(guarded(next))).succeeded()).isTrue();
        assertThat(next).isGreaterThan(token);
    }

    private static Txn guarded(long token) {
        return new Txn().ifCreateRevision(key("holder"), token).put(key("guarded"), key("v"));
    }

    /// A progress notification that runs ahead of events (fixed in 3.4.25 and 3.5.8).
    @Test
    void etcd15220_progress_neverRunsAheadOfEvents() throws InterruptedException {
        try (Bench.Ear ear = bench.new Ear(1, KeyRange.prefix(key("ahead/")), bench.revision(0) + 1)) {
            long[] last = {0};
            Thread writer = Thread.ofVirtual().start(() -> {
                for (int number = 0; number < 300; number++) last[0] = bench.put(number % 3, "ahead/" + number, "v");
            });
            while (writer.isAlive()) {
                ear.askProgress();
                pass(Duration.ofMillis(3));
            }
            writer.join();
            ear.await(300);
            ear.askProgress();
            Processes.await(
                    "a promise of all",
                    LIMIT,
                    () -> ear.heard().stream()
                            .anyMatch(news -> news instanceof Tap.News.Promised(long revision) && revision >= last[0]));
            long promised = 0;
            for (Tap.News news : ear.heard()) {
                switch (news) {
                    case Tap.News.Promised(long revision) -> promised = Math.max(promised, revision);
                    case Tap.News.Told(long _, var events) ->
                        assertThat(events.getFirst().pair().modRevision()).isGreaterThan(promised);
                    case Tap.News.Ended ended -> throw new AssertionError(ended.toString());
                }
            }
        }
    }

    /// A watch that goes back in time, or twice over the same, after its member was cut off.
    @Test
    void etcd15271_watchOfAMemberThatWasAway_neverGoesBack() {
        int away = (bench.cluster.awaitLeader() + 1) % 3;
        try (Bench.Ear ear = bench.new Ear(away, KeyRange.prefix(key("back/")), bench.revision(0) + 1)) {
            List<String> wanted = new ArrayList<>();
            for (int number = 0; number < 60; number++) {
                if (number == 20) bench.cluster.server(away).freeze();
                if (number == 40) bench.cluster.server(away).thaw();
                String key = "back/" + number % 7;
                wanted.add("put " + key + "@" + bench.put((away + 1) % 3, key, "v" + number));
            }
            assertThat(ear.await(60)).isEqualTo(wanted);
        }
    }

    /// An event that comes twice, since a transaction's writes were kept in a cache.
    @Test
    void etcd17247_transaction_givesEachEventOnce() {
        long first = bench.put(0, "twice/a", "v");
        try (Bench.Ear ear = bench.new Ear(2, KeyRange.prefix(key("twice/")), first)) {
            Txn txn = new Txn()
                    .delete(key("twice/a"))
                    .put(key("twice/b"), key("1"))
                    .put(key("twice/c"), key("2"))
                    .get(key("twice/b"));
            long at = done(bench.cluster.client(1).commit(txn)).revision();
            long end = bench.put(0, "twice/end", "v");
            assertThat(ear.await(5))
                    .containsExactly(
                            "put twice/a@" + first,
                            "delete twice/a@" + at,
                            "put twice/b@" + at,
                            "put twice/c@" + at,
                            "put twice/end@" + end);
        }
    }

    /// Events lost by watchers that starve while others are fed.
    @Test
    void etcd17529_manyWatchersUnderLoad_loseNothing() throws InterruptedException {
        List<Bench.Ear> ears = new ArrayList<>();
        long from = bench.revision(0) + 1;
        try {
            for (int number = 0; number < 60; number++) {
                ears.add(bench.new Ear(number % 3, KeyRange.prefix(key("starve/")), from));
            }
            List<Thread> writers = new ArrayList<>();
            for (int writer = 0; writer < 6; writer++) {
                int own = writer;
                writers.add(Thread.ofVirtual().start(() -> {
                    for (int number = 0; number < 40; number++) bench.put(own % 3, "starve/" + own + "/" + number, "v");
                }));
            }
            for (Thread writer : writers) writer.join();
            List<String> all = ears.getFirst().await(240);
            for (Bench.Ear ear : ears) assertThat(ear.await(240)).isEqualTo(all);
            assertThat(all).doesNotHaveDuplicates();
        } finally {
            ears.forEach(Bench.Ear::close);
        }
    }

    /// Events gone when the store is compacted on a delete, and the delete at that very revision (#18089, #19179).
    @Test
    void etcd18089_etcd19179_compactionOnADelete_keepsItsEventAndLaterOnes() throws Exception {
        bench.put(0, "tomb/a", "v1");
        long deleted = bench.delete(0, "tomb/a");
        long again = bench.put(0, "tomb/a", "v2");
        long deletedAgain = bench.delete(0, "tomb/a");
        long last = bench.put(0, "tomb/b", "v");
        bench.compact(0, deleted);
        for (int member = 0; member < 3; member++) {
            try (Bench.Ear ear = bench.new Ear(member, KeyRange.prefix(key("tomb/")), deleted)) {
                assertThat(ear.await(4))
                        .containsExactly(
                                "delete tomb/a@" + deleted,
                                "put tomb/a@" + again,
                                "delete tomb/a@" + deletedAgain,
                                "put tomb/b@" + last);
            }
        }
    }

    /// A transaction that reads a compacted revision fails on some members only, which then go apart.
    @Test
    void etcd18667_compactedReadInATransaction_isRefusedAndWritesNowhere() throws Exception {
        bench.put(0, "txn/a", "v1");
        long compacted = bench.put(0, "txn/a", "v2");
        bench.put(0, "txn/a", "v3");
        bench.compact(0, compacted);
        TxnRequest request = TxnRequest.newBuilder()
                .addSuccess(RequestOp.newBuilder()
                        .setRequestPut(
                                PutRequest.newBuilder().setKey(bytes("txn/b")).setValue(bytes("v"))))
                .addSuccess(RequestOp.newBuilder()
                        .setRequestRange(
                                RangeRequest.newBuilder().setKey(bytes("txn/a")).setRevision(compacted - 1)))
                .build();
        long before = bench.revision(0);
        for (int member = 0; member < 3; member++) {
            DoorClient.Answer<TxnResponse> answer =
                    bench.call(member, "etcdserverpb.KV/Txn", request, TxnResponse.parser());
            assertThat(answer.status()).isEqualTo(GrpcStatus.OUT_OF_RANGE);
            assertThat(answer.message()).contains("required revision has been compacted");
        }
        for (int member = 0; member < 3; member++) {
            assertThat(bench.revision(member)).isEqualTo(before);
            assertThat(bench.read(member, "txn/")).hasSize(1);
        }
    }

    /// A watch of a revision to come that hears of it too early, or of older ones.
    @Test
    void etcd20221_watchOfTheFuture_hearsNothingBefore() {
        long now = bench.revision(0);
        try (Bench.Ear ear = bench.new Ear(1, KeyRange.prefix(key("future/")), now + 6)) {
            ear.askProgress();
            List<String> wanted = new ArrayList<>();
            for (int number = 1; number <= 8; number++) {
                long at = bench.put(0, "future/" + number, "v");
                if (at >= now + 6) wanted.add("put future/" + number + "@" + at);
                ear.askProgress();
            }
            assertThat(ear.await(wanted.size())).isEqualTo(wanted);
            AtomicLong promised = new AtomicLong();
            for (Tap.News news : ear.heard()) {
                if (news instanceof Tap.News.Promised(long revision)) promised.set(revision);
                if (news instanceof Tap.News.Told told) {
                    assertThat(told.events().getFirst().pair().modRevision()).isGreaterThan(promised.get());
                }
            }
        }
    }

    /// A watch of one key that tells of all keys behind it.
    @Test
    void ghsaXg4hGfcH4m8_watchOfOneKey_tellsOfNoOther() {
        long from = bench.revision(0) + 1;
        try (Bench.Ear ear = bench.new Ear(0, KeyRange.single(key("leak/b")), from)) {
            for (String other : List.of("leak/a", "leak/b0", "leak/c", "leak/bb")) bench.put(0, other, "v");
            long wanted = bench.put(0, "leak/b", "v");
            bench.put(0, "leak/d", "v");
            long last = bench.put(0, "leak/b", "v");
            assertThat(ear.await(2)).containsExactly("put leak/b@" + wanted, "put leak/b@" + last);
        }
    }

    /// The revision goes back when a member dies while it compacts; members go apart when they crash (#13766), and one
    /// that is behind gets two snapshots in a row (#18055).
    @Test
    void etcd17780_etcd13766_etcd18055_crashesAmidCompaction_keepRevisionAndStateOfAll() throws Exception {
        for (int round = 0; round < 2; round++) {
            for (int number = 0; number < 500; number++) {
                done(bench.cluster
                        .client(number % 3)
                        .commit(new Txn().put(key("crash/" + number % 50), key("v" + number))));
            }
            long revision = bench.put(0, "crash/last", "v" + round);
            bench.compact(0, revision - 100);
            bench.cluster.kill9(0, 1, 2);
            if (round == 0) bench.cluster.wipe(2);
            for (int member = 0; member < 3; member++)
                bench.cluster.server(member).restart();
            bench.cluster.awaitLeader();
            for (int member = 0; member < 3; member++) {
                assertThat(bench.revision(member)).isGreaterThanOrEqualTo(revision);
            }
            List<String> all = bench.read(0, "crash/");
            assertThat(all).hasSize(51).contains("crash/last=v" + round + "@" + revision);
            assertThat(bench.read(1, "crash/")).isEqualTo(all);
            assertThat(bench.read(2, "crash/")).isEqualTo(all);
        }
    }
}

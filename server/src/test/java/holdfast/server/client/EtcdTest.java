package holdfast.server.client;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.server.base.Ticker;
import holdfast.server.peers.RealEtcd;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The client against three real etcd members: kills, freezes and expiries are real.
final class EtcdTest {
    private static final Duration LIMIT = Duration.ofSeconds(3);

    @TempDir
    Path folder;

    private RealEtcd cluster;
    private Vertx vertx;
    private Etcd etcd;

    @BeforeEach
    void open() throws IOException, InterruptedException {
        cluster = RealEtcd.start(folder, 3);
        vertx = Vertx.vertx();
        etcd = Etcd.open(vertx, EtcdConfig.of(Endpoint.parseAll(cluster.url())).withCallLimit(LIMIT), Ticker.system());
    }

    @AfterEach
    void close() throws Exception {
        if (cluster == null) return;
        etcd.close();
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        cluster.close();
    }

    private static Bytes key(String text) {
        return Bytes.utf8(text);
    }

    private static <T> T done(Answer<T> answer) {
        assertThat(answer).isInstanceOf(Answer.Done.class);
        return ((Answer.Done<T>) answer).value();
    }

    private void put(String key, String value) {
        done(etcd.commit(new Txn().put(key(key), key(value))));
    }

    @Test
    void range_longerThanOnePage_comesWholeAtOneRevision() {
        for (int batch = 0; batch < 25; batch++) {
            Txn txn = new Txn();
            for (int n = 0; n < 100; n++) txn.put(key("k/%05d".formatted(batch * 100 + n)), key("v"));
            done(etcd.commit(txn));
        }
        Snapshot all = done(etcd.range(KeyRange.prefix(key("k/")), 0));
        assertThat(all.pairs()).hasSize(2_500);
        assertThat(all.pairs().stream().map(pair -> pair.key().utf8()))
                .isEqualTo(
                        IntStream.range(0, 2_500).mapToObj("k/%05d"::formatted).toList());
        put("k/00000", "later");
        assertThat(done(etcd.range(KeyRange.prefix(key("k/")), all.revision()))
                        .pairs()
                        .getFirst()
                        .value())
                .isEqualTo(key("v"));
    }

    @Test
    void transaction_conditionDoesNotHold_isRefusedAndChangesNothing() {
        put("a", "1");
        assertThat(etcd.write(new Txn().ifAbsent(key("a")).put(key("a"), key("2")), "a exists"))
                .isEqualTo(new Outcome.Refused(new Reason("condition", "Nothing was written: a exists.")));
        assertThat(done(etcd.get(key("a"))).pairs().getFirst().value()).isEqualTo(key("1"));
    }

    @Test
    void wrongRequest_isRefusedWithTheStoresWords() {
        Answer<Etcd.Committed> answer =
                etcd.commit(new Txn().put(key("a"), key("1")).put(key("a"), key("2")));
        assertThat(answer).isInstanceOf(Answer.Refused.class);
        assertThat(answer.toString()).contains("duplicate key given in txn request");
    }

    @Test
    void killedMembers_nextOneAnswers_andWithoutMajorityNothingIsClaimed() throws Exception {
        put("a", "1");
        cluster.kill(0);
        done(etcd.get(key("a")));
        boolean written = false;
        for (int tries = 0; tries < 20 && !written; tries++) {
            written = etcd.commit(new Txn().put(key("a"), key("2"))) instanceof Answer.Done<?>;
        }
        assertThat(written).isTrue();
        cluster.kill(1);
        assertThat(etcd.commit(new Txn().put(key("a"), key("3")))).isInstanceOf(Answer.Unknown.class);
        cluster.kill(2);
        assertThat(etcd.commit(new Txn().put(key("a"), key("4"))))
                .isInstanceOfAny(Answer.Refused.class, Answer.Unknown.class);
        assertThat(etcd.commit(new Txn().put(key("a"), key("4")))).isInstanceOf(Answer.Refused.class);
    }

    @Test
    void frozenMember_readsMoveOnWithinTheLimit() throws Exception {
        put("a", "1");
        cluster.signal(0, "STOP");
        long startNanos = System.nanoTime();
        assertThat(done(etcd.get(key("a"))).pairs()).hasSize(1);
        assertThat(System.nanoTime() - startNanos).isLessThan(LIMIT.toNanos());
        cluster.signal(0, "CONT");
    }

    @Test
    void watch_memberKilledMidway_missesNothingAndRepeatsNothing() throws Exception {
        put("w/0", "0");
        long from = done(etcd.range(KeyRange.prefix(key("w/")), 0)).revision() + 1;
        BlockingQueue<Watch.News> news = new LinkedBlockingQueue<>();
        List<String> seen = new ArrayList<>();
        try (Watch _ = Watch.open(etcd, "test", KeyRange.prefix(key("w/")), from, news::add)) {
            for (int n = 1; n <= 60; n++) {
                if (n == 20) cluster.kill(0);
                while (!(etcd.commit(new Txn().ifAbsent(key("w/" + n)).put(key("w/" + n), key("x")))
                        instanceof Answer.Done<?>)) {}
            }
            while (seen.size() < 60) {
                Watch.News next = news.poll(15, TimeUnit.SECONDS);
                assertThat(next).as("after %s", seen).isInstanceOf(Watch.News.Changed.class);
                for (Watch.Change change : ((Watch.News.Changed) next).changes()) {
                    seen.add(((Watch.Change.Put) change).pair().key().utf8());
                }
            }
        }
        assertThat(seen)
                .isEqualTo(IntStream.rangeClosed(1, 60).mapToObj(n -> "w/" + n).toList());
    }

    @Test
    void lease_storeFrozen_isUnsureBeforeItsEnd_andSureAgainAfter() throws Exception {
        BlockingQueue<Lease.News> news = new LinkedBlockingQueue<>();
        try (Lease lease = done(Lease.grant(etcd, "test", Duration.ofSeconds(2), news::add))) {
            assertThat(lease.sure()).isTrue();
            for (int member = 0; member < 3; member++) cluster.signal(member, "STOP");
            Lease.@Nullable News first = news.poll(4, TimeUnit.SECONDS);
            assertThat(first).isInstanceOf(Lease.News.Unsure.class);
            assertThat(lease.sure()).isFalse();
            for (int member = 0; member < 3; member++) cluster.signal(member, "CONT");
            assertThat(news.poll(20, TimeUnit.SECONDS))
                    .isInstanceOfAny(Lease.News.SureAgain.class, Lease.News.Gone.class);
        }
    }

    @Test
    void lease_revokedElsewhere_isToldAsGone() throws Exception {
        BlockingQueue<Lease.News> news = new LinkedBlockingQueue<>();
        try (Lease lease = done(Lease.grant(etcd, "test", Duration.ofSeconds(2), news::add))) {
            etcd.revoke(lease.id());
            assertThat(news.poll(4, TimeUnit.SECONDS)).isInstanceOf(Lease.News.Gone.class);
            assertThat(Lease.resume(etcd, "test", lease.id(), news::add)).isInstanceOf(Answer.Refused.class);
        }
    }

    @Test
    void election_leaderLosesItsKey_isDeposedAtOnce_andTheNextFenceIsLarger() throws Exception {
        BlockingQueue<Lead.News> one = new LinkedBlockingQueue<>();
        BlockingQueue<Lead.News> two = new LinkedBlockingQueue<>();
        try (Lead _ = Lead.stand(etcd, "one", "leader/", key("1"), Duration.ofSeconds(2), one::add)) {
            Lead.News.Elected first = (Lead.News.Elected) one.poll(5, TimeUnit.SECONDS);
            assertThat(first).isNotNull();
            try (Lead _ = Lead.stand(etcd, "two", "leader/", key("2"), Duration.ofSeconds(2), two::add)) {
                assertThat(two.poll(1, TimeUnit.SECONDS)).isNull();
                done(etcd.commit(new Txn().delete(first.key())));
                assertThat(one.poll(1, TimeUnit.SECONDS)).isInstanceOf(Lead.News.Deposed.class);
                Lead.News.Elected second = (Lead.News.Elected) two.poll(5, TimeUnit.SECONDS);
                assertThat(second).isNotNull();
                assertThat(second.fence()).isGreaterThan(first.fence());
                Outcome late = etcd.write(
                        new Txn()
                                .ifCreateRevision(first.key(), first.fence().epoch())
                                .put(key("x"), key("y")),
                        "the epoch is over");
                assertThat(late).isInstanceOf(Outcome.Refused.class);
            }
        }
    }
}

package holdfast.server.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Reason;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import holdfast.server.client.Pair;
import holdfast.server.client.Txn;
import holdfast.server.peers.RealEtcd;
import holdfast.server.peers.StoreCluster;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// From a real etcd into ours and on to another real etcd: the same keys, values and leases in the end.
final class TransferTest {
    private static final int KEYS = 20_000;
    private static final int LEASES = 20;
    private static final int PER_TXN = 100;
    private static final long TTL_SECONDS = 600;

    @TempDir
    Path folder;

    private Vertx vertx;

    @BeforeEach
    void open() {
        vertx = Vertx.vertx();
    }

    @AfterEach
    void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    @Test
    void keysAndLeases_throughOurStoreIntoAnother_areTheSame() throws Exception {
        try (RealEtcd first = RealEtcd.start(Files.createDirectory(folder.resolve("first")), 1);
                StoreCluster ours = StoreCluster.start(Files.createDirectory(folder.resolve("ours")), 1, "--loop=off");
                RealEtcd second = RealEtcd.start(Files.createDirectory(folder.resolve("second")), 1);
                Etcd from = client(first.url());
                Etcd middle = client(ours.url(0));
                Etcd to = client(second.url())) {
            fill(from);

            Report brought = done(new Transfer(from, middle, KeyRange.ALL, false, _ -> {}).run());
            assertThat(brought.isEqual()).isTrue();
            assertThat(brought.keys()).isEqualTo(KEYS + 3);
            assertThat(brought.leases()).isEqualTo(LEASES);
            assertThat(brought.skipped()).anyMatch(sentence -> sentence.startsWith("history"));

            Answer<Report> again = new Transfer(from, middle, KeyRange.ALL, false, _ -> {}).run();
            assertThat(again)
                    .isInstanceOfSatisfying(
                            Answer.Refused.class,
                            refused ->
                                    assertThat(((Reason) refused.why()).code()).isEqualTo("target-filled"));

            Report back = done(new Transfer(middle, to, KeyRange.ALL, false, _ -> {}).run());
            assertThat(back.isEqual()).isTrue();
            assertThat(back.sourceHash()).isEqualTo(brought.sourceHash());
            assertThat(pairs(to)).isEqualTo(pairs(from));
            for (long lease : done(from.leases())) {
                assertThat(done(to.secondsLeft(lease))).isBetween(TTL_SECONDS - 120, TTL_SECONDS);
            }

            done(to.commit(new Txn().put(Bytes.utf8("k5"), Bytes.utf8("changed"))));
            Report over = done(new Transfer(middle, to, KeyRange.prefix(Bytes.utf8("k5")), true, _ -> {}).run());
            assertThat(over.isEqual()).isTrue();
            assertThat(pairs(to)).isEqualTo(pairs(from));
        }
    }

    /// Keys of all sizes, some with a lease, three of them 400 KiB.
    private static void fill(Etcd store) {
        long[] leases = new long[LEASES];
        for (int index = 0; index < LEASES; index++) {
            leases[index] = done(store.grant(0x1000 + index, TTL_SECONDS)).id();
        }
        for (int part = 0; part < KEYS; part += PER_TXN) {
            Txn txn = new Txn();
            for (int key = part; key < part + PER_TXN; key++) {
                long lease = key % 7 == 0 ? leases[key % LEASES] : 0;
                txn.put(Bytes.utf8("k" + key), Bytes.utf8("v".repeat(key % 300) + key), lease);
            }
            done(store.commit(txn));
        }
        for (int big = 0; big < 3; big++) {
            done(store.commit(new Txn().put(Bytes.utf8("big" + big), Bytes.wrap(new byte[400 << 10]))));
        }
    }

    private record Held(Bytes key, Bytes value, long lease) {}

    private static List<Held> pairs(Etcd store) {
        List<Pair> pairs = done(store.range(KeyRange.ALL, 0)).pairs();
        return pairs.stream()
                .map(pair -> new Held(pair.key(), pair.value(), pair.lease()))
                .toList();
    }

    private Etcd client(String url) {
        EtcdConfig config = EtcdConfig.of(Endpoint.parseAll(url)).withCallLimit(Duration.ofSeconds(20));
        return Etcd.open(vertx, config, Ticker.system());
    }

    private static <T> T done(Answer<T> answer) {
        assertThat(answer).isInstanceOf(Answer.Done.class);
        return ((Answer.Done<T>) answer).value();
    }
}

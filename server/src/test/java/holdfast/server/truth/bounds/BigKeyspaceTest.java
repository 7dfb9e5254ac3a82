package holdfast.server.truth.bounds;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.protocol.etcd.MemberAddRequest;
import holdfast.protocol.etcd.MemberAddResponse;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.RangeRequest;
import holdfast.protocol.etcd.RangeResponse;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import holdfast.server.truth.etcd.DoorClient;
import io.vertx.core.Vertx;
import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A store several times as large as what its members may hold in memory. `-Dholdfast.gib=true` makes it 1 GiB.
final class BigKeyspaceTest {
    private static final boolean GIB = Boolean.getBoolean("holdfast.gib");
    private static final int KEYS = GIB ? 70_000 : 8_192;
    private static final int VALUE_BYTES = 15 << 10; // 120 MiB, or 1 GiB
    private static final long MEMBER_MEBIBYTES_MAX = 700;
    private static final Duration LIMIT = Duration.ofSeconds(GIB ? 600 : 120);

    @TempDir
    private Path folder;

    private static String key(int number) {
        return "large/%08d".formatted(number);
    }

    private static ByteString value(int number) {
        byte[] value = new byte[VALUE_BYTES];
        new SplittableRandom(number).nextBytes(value);
        return ByteString.copyFrom(value);
    }

    @Test
    void largeStore_isReadRestartedAndCopied_inBoundedMemory() throws Exception {
        Vertx vertx = Vertx.vertx();
        try (StoreCluster cluster = StoreCluster.start(folder, 1, "--loop=off", "--snapshot-entries=2000")) {
            load(cluster.url(0));
            bounded(cluster, 0, "after loading");

            Meter.Reading meanwhile;
            try (Meter meter = new Meter(cluster.client(0))) {
                readAll(cluster.url(0));
                meanwhile = meter.read();
            }
            System.out.printf("puts beside a range of %d MiB: %s%n", (long) KEYS * VALUE_BYTES >> 20, meanwhile);
            assertThat(meanwhile.failed()).isEmpty();
            bounded(cluster, 0, "after reading all");

            cluster.kill9(0);
            cluster.server(0).restart();
            Processes.await("the restart", LIMIT, () -> count(cluster, 0) == KEYS);

            int peerPort = Processes.freePort();
            add(vertx, cluster.url(0), peerPort);
            // Slow enough that the copy is not outdated before it has come: it has to go through between two snapshots.
            try (Meter meter = new Meter(cluster.client(0), Duration.ofMillis(20))) {
                int joined = cluster.join(peerPort, "--loop=off");
                Processes.await("the new member's copy", LIMIT, () -> count(cluster, joined) == KEYS);
                meanwhile = meter.read();
            }
            System.out.printf("puts beside a new member's catch-up: %s%n", meanwhile);
            assertThat(meanwhile.puts()).isPositive();
            readAll(cluster.url(1));
            bounded(cluster, 0, "after the restart and the copy");
            bounded(cluster, 1, "after catching up");
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().join();
        }
    }

    private static void bounded(StoreCluster cluster, int member, String when) {
        long peak = Meter.peakMebibytes(cluster.server(member));
        System.out.printf("member %d %s: %d MiB at its peak%n", member + 1, when, peak);
        assertThat(cluster.server(member).isAlive()).as(cluster.logs()).isTrue();
        assertThat(peak).as(when).isLessThan(MEMBER_MEBIBYTES_MAX);
    }

    private static void load(String url) throws IOException {
        try (BareHttp2 client = new BareHttp2(URI.create(url).getPort(), 0)) {
            int underWay = 0;
            for (int number = 0; number < KEYS; number++) {
                PutRequest put = PutRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(key(number)))
                        .setValue(value(number))
                        .build();
                int _ = client.ask("etcdserverpb.KV/Put", put);
                if (++underWay == 256) {
                    client.awaitEnds(128);
                    underWay -= 128;
                }
            }
            client.awaitEnds(underWay);
        }
    }

    /// In one answer, which is compared value by value, but for the key that the meter writes.
    private static void readAll(String url) throws IOException {
        RangeRequest all = RangeRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8("large/"))
                .setRangeEnd(ByteString.copyFromUtf8("large0"))
                .build();
        try (BareHttp2 client = new BareHttp2(URI.create(url).getPort(), 0)) {
            int[] number = {0};
            RangeResponse rest = client.range(client.ask("etcdserverpb.KV/Range", all), pair -> {
                if (!pair.getKey().toStringUtf8().equals(key(number[0]))
                        || !pair.getValue().equals(value(number[0])))
                    throw new AssertionError("pair " + number[0] + " is " + pair.getKey());
                number[0]++;
            });
            assertThat(number[0]).isEqualTo(KEYS);
            assertThat(rest.getCount()).isEqualTo(KEYS);
            assertThat(rest.getMore()).isFalse();
        }
    }

    private static long count(StoreCluster cluster, int member) {
        return cluster.client(member).count(KeyRange.prefix(Bytes.utf8("large/")))
                        instanceof Answer.Done<Etcd.Counted>(Etcd.Counted counted)
                ? counted.keys()
                : -1;
    }

    private static void add(Vertx vertx, String url, int peerPort) throws Exception {
        MemberAddRequest request = MemberAddRequest.newBuilder()
                .addPeerURLs("http://127.0.0.1:" + peerPort)
                .build();
        try (DoorClient door = new DoorClient(vertx, URI.create(url).getPort())) {
            Processes.await("the new member's place", LIMIT, () -> {
                try {
                    return door.call("etcdserverpb.Cluster/MemberAdd", request, MemberAddResponse.parser(), Map.of())
                                    .status()
                            == GrpcStatus.OK;
                } catch (Exception lost) {
                    throw new IllegalStateException(lost);
                }
            });
        }
    }
}

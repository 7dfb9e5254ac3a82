package holdfast.server.truth.bounds;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Outcome;
import holdfast.protocol.etcd.LeaseGrantRequest;
import holdfast.protocol.etcd.MoveLeaderRequest;
import holdfast.protocol.etcd.MoveLeaderResponse;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Txn;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import holdfast.server.truth.etcd.DoorClient;
import io.vertx.core.Vertx;
import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Leases of three members, when there are many and when the lead changes again and again. A hundred thousand on one
/// member are in [SlowClientTest]; `-Dholdfast.leases=100000` for as many here.
final class ManyLeasesTest {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final int LEASES = Integer.getInteger("holdfast.leases", 30_000);
    private static final int WITH_KEYS = 300;
    private static final long FIRST_ID = 1_000_000;
    private static final long MEMBER_MEBIBYTES_MAX = 640;
    private static final Duration TTL = Duration.ofSeconds(4);

    @TempDir
    private static Path folder;

    private static StoreCluster cluster;

    @BeforeAll
    static void start() {
        cluster = StoreCluster.start(folder, 3, "--loop=off");
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    static void grant(String url, int leases, long ttlSeconds) throws IOException {
        try (BareHttp2 client = new BareHttp2(URI.create(url).getPort(), 0)) {
            int underWay = 0;
            for (int lease = 0; lease < leases; lease++) {
                LeaseGrantRequest request = LeaseGrantRequest.newBuilder()
                        .setID(FIRST_ID + lease)
                        .setTTL(ttlSeconds)
                        .build();
                int _ = client.ask("etcdserverpb.Lease/LeaseGrant", request);
                if (++underWay == 1_000) {
                    client.awaitEnds(500);
                    underWay -= 500;
                }
            }
            client.awaitEnds(underWay);
        }
    }

    /// Those of [#grant].
    private static long granted(Etcd client) {
        return client.leases() instanceof Answer.Done<List<Long>>(List<Long> all)
                ? all.stream()
                        .filter(id -> id >= FIRST_ID && id < FIRST_ID + LEASES)
                        .count()
                : -1;
    }

    private static long keys(Etcd client, String prefix) {
        return client.count(KeyRange.prefix(Bytes.utf8(prefix)))
                        instanceof Answer.Done<Etcd.Counted>(Etcd.Counted counted)
                ? counted.keys()
                : -1;
    }

    private static void put(Etcd client, String key, long lease) {
        Txn put = new Txn().put(Bytes.utf8(key), Bytes.EMPTY, lease);
        Processes.await("put of " + key, LIMIT, () -> client.commitAgain(put) instanceof Answer.Done);
    }

    @Test
    void manyLeases_surviveALeaderChangeAndARestartOfAll_andCanBeRevoked() throws Exception {
        grant(cluster.url(cluster.awaitLeader()), LEASES, 3_600);
        for (int number = 0; number < WITH_KEYS; number++)
            put(cluster.client(number % 3), "leased/%04d".formatted(number), FIRST_ID + number * 100L);
        for (int member = 0; member < 3; member++)
            assertThat(Meter.peakMebibytes(cluster.server(member))).isLessThan(MEMBER_MEBIBYTES_MAX);

        int leader = cluster.awaitLeader();
        cluster.kill9(leader);
        int next = (leader + 1) % 3;
        Processes.await("all leases with the next leader", LIMIT, () -> granted(cluster.client(next)) == LEASES);
        assertThat(cluster.client(next).revoke(FIRST_ID)).isInstanceOf(Outcome.Done.class);
        assertThat(keys(cluster.client(next), "leased/")).isEqualTo(WITH_KEYS - 1);

        cluster.server(leader).restart();
        cluster.awaitLeader();
        cluster.kill9(0, 1, 2);
        for (int member = 0; member < 3; member++) cluster.server(member).restart();
        cluster.awaitLeader();
        for (int member = 0; member < 3; member++) {
            Etcd client = cluster.client(member);
            int gone = 1 + member;
            Processes.await("all leases after a restart", LIMIT, () -> granted(client) == LEASES - gone);
            assertThat(keys(client, "leased/")).isEqualTo(WITH_KEYS - gone);
            assertThat(client.revoke(FIRST_ID + 100 + member * 100L)).isInstanceOf(Outcome.Done.class);
        }
        assertThat(keys(cluster.client(0), "leased/")).isEqualTo(WITH_KEYS - 4);
        for (int member = 0; member < 3; member++)
            assertThat(Meter.peakMebibytes(cluster.server(member))).isLessThan(MEMBER_MEBIBYTES_MAX);
    }

    /// Ten fixes, 3b: each new leader goes on counting where the last one was. The etcd way, to start again in full,
    /// would let the key live as long as the lead changes.
    @Test
    void tenFixes3b_deadClientsLease_endsHoweverOftenTheLeadChanges() throws Exception {
        int leader = cluster.awaitLeader();
        long lease = ((Answer.Done<Etcd.Granted>) cluster.client(leader).grant(TTL.toSeconds()))
                .value()
                .id();
        put(cluster.client(leader), "dead", lease);
        for (int renewal = 0; renewal < 3; renewal++) { // a client that lives, then dies
            long until = System.nanoTime() + TTL.toNanos() / 3;
            Processes.await("the next renewal", LIMIT, () -> System.nanoTime() - until >= 0);
            assertThat(cluster.client((leader + renewal) % 3).renew(lease, LIMIT.toNanos()))
                    .isEqualTo(new Answer.Done<>(TTL.toSeconds()));
        }
        long died = System.nanoTime();
        int changes = 0;
        long untilChange = died;
        while (keys(cluster.client(changes % 3), "dead") != 0) {
            assertThat(Duration.ofNanos(System.nanoTime() - died))
                    .as("%d changes%n%s", changes, cluster.logs())
                    .isLessThan(TTL.multipliedBy(2).plusSeconds(5)); // a busy machine's own stalls do not count
            if (System.nanoTime() - untilChange < 0) continue;
            int from = cluster.awaitLeader();
            handOver(from, (from + 1) % 3);
            changes++;
            untilChange = System.nanoTime() + TTL.toNanos() / 2;
        }
        System.out.printf(
                "a dead client's key of %s was gone after %d ms and %d leader changes%n",
                TTL, (System.nanoTime() - died) / 1_000_000, changes);
        assertThat(changes).isGreaterThanOrEqualTo(2);
    }

    private static void handOver(int from, int to) throws Exception {
        long target = ((Answer.Done<Etcd.MemberStatus>) cluster.client(to).status())
                .value()
                .member();
        MoveLeaderRequest request =
                MoveLeaderRequest.newBuilder().setTargetID(target).build();
        Vertx vertx = Vertx.vertx();
        try (DoorClient door =
                new DoorClient(vertx, URI.create(cluster.url(from)).getPort())) {
            assertThat(door.call("etcdserverpb.Maintenance/MoveLeader", request, MoveLeaderResponse.parser(), Map.of())
                            .status())
                    .isEqualTo(GrpcStatus.OK);
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().join();
        }
    }
}

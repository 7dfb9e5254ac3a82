package holdfast.server.truth.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Txn;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How soon a killed leader is replaced, and that none is replaced without need. `-Dholdfast.kills=20` and
/// `-Dholdfast.load.seconds=60` for more.
final class LeaderKillTest {
    private static final int KILLS = Integer.getInteger("holdfast.kills", 5);
    private static final int LOAD_SECONDS = Integer.getInteger("holdfast.load.seconds", 10);
    private static final boolean MEASURED = Integer.getInteger("holdfast.load.seconds") != null;
    private static final long MEDIAN_MILLIS_MAX = 400;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    @Test
    void killedLeader_isReplacedSoon() {
        List<Long> millis = new ArrayList<>();
        try (StoreCluster cluster = StoreCluster.start(folder, 3)) {
            for (int kill = 0; kill < KILLS; kill++) {
                int leader = cluster.awaitLeader();
                millis.add(killAndMeasure(cluster, leader));
                cluster.server(leader).restart();
                cluster.awaitLeader();
                awaitCaughtUp(cluster);
            }
        }
        Collections.sort(millis);
        long median = millis.get(millis.size() / 2);
        System.out.printf(
                "%d leader kills: first acknowledged write after median %d ms, worst %d ms%n",
                KILLS, median, millis.getLast());
        assertThat(median).as("median of %s ms", millis).isLessThanOrEqualTo(MEDIAN_MILLIS_MAX);
    }

    /// Two writers, one on each survivor, never pause; the first write that began after the kill and was acknowledged.
    private static long killAndMeasure(StoreCluster cluster, int leader) {
        AtomicLong killedNanos = new AtomicLong(Long.MAX_VALUE);
        AtomicLong firstNanos = new AtomicLong(Long.MAX_VALUE);
        AtomicLong writes = new AtomicLong();
        List<Thread> threads = new ArrayList<>();
        for (int member = 0; member < cluster.size(); member++) {
            if (member == leader) continue;
            Etcd client = cluster.client(member);
            threads.add(Thread.ofVirtual().start(() -> {
                while (firstNanos.get() == Long.MAX_VALUE) {
                    long begun = System.nanoTime();
                    Txn put = new Txn().put(Bytes.utf8("beat"), Bytes.utf8("" + begun));
                    if (!(client.commit(put) instanceof Answer.Done<Etcd.Committed>)) continue;
                    writes.incrementAndGet();
                    long ended = System.nanoTime();
                    if (begun > killedNanos.get()) firstNanos.accumulateAndGet(ended, Math::min);
                }
            }));
        }
        Processes.await("writes before the kill", LIMIT, () -> writes.get() > 100);
        killedNanos.set(System.nanoTime());
        cluster.kill9(leader);
        Processes.await("a write after the kill", LIMIT, () -> firstNanos.get() < Long.MAX_VALUE);
        threads.forEach(LeaderKillTest::join);
        return (firstNanos.get() - killedNanos.get()) / 1_000_000;
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException bug) {
            throw new IllegalStateException(bug);
        }
    }

    private static void awaitCaughtUp(StoreCluster cluster) {
        Processes.await("all at one revision", LIMIT, () -> {
            List<Long> revisions = new ArrayList<>();
            for (int member = 0; member < cluster.size(); member++) {
                if (cluster.client(member).status()
                        instanceof Answer.Done<Etcd.MemberStatus>(Etcd.MemberStatus status)) {
                    revisions.add(status.revision());
                }
            }
            return revisions.size() == cluster.size()
                    && revisions.stream().distinct().count() == 1;
        });
    }

    @Test
    void fullLoad_bringsNoElection() throws Exception {
        try (StoreCluster cluster = StoreCluster.start(folder, 3)) {
            int leader = cluster.awaitLeader();
            double before = term(cluster, leader);
            List<Etcd> clients = new ArrayList<>();
            for (int writer = 0; writer < 192; writer++) clients.add(cluster.client(writer % 3));
            int written;
            try (Writers writers = new Writers("w", clients)) {
                long deadline =
                        System.nanoTime() + Duration.ofSeconds(LOAD_SECONDS).toNanos();
                Processes.await("the load", LIMIT.plusSeconds(LOAD_SECONDS), () -> System.nanoTime() - deadline > 0);
                written = writers.count();
            }
            double elections = term(cluster, leader) - before;
            System.out.printf("%d s of load: %d writes, %.0f elections%n", LOAD_SECONDS, written, elections);
            // A measured run has the machine for itself; the everyday one shares it with other tests.
            assertThat(elections).isLessThanOrEqualTo(MEASURED ? 0 : 1);
        }
    }

    /// From the member's own metrics.
    private static double term(StoreCluster cluster, int member) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(cluster.url(member) + "/metrics"))
                    .build();
            String text = http.send(request, BodyHandlers.ofString()).body();
            return text.lines()
                    .filter(line -> line.startsWith("holdfast_raft_term "))
                    .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
                    .findFirst()
                    .orElseThrow();
        }
    }
}

package holdfast.server.healing.redis;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.healing.recover.failover.Member;
import holdfast.core.healing.recover.failover.Wish;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.healing.failover.Task;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;

/// What happens to a Redis cluster with `durability: sync-1` when its parts are killed, frozen, left without the store
/// and handed over: nothing that a replica had acknowledged is lost, and it is whole again without a person. Each test
/// finds it whole and leaves it so.
final class RedisClusterTest {
    @TempDir
    private static Path folder;

    private static RedisHosts hosts;

    private Writers writers;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        hosts = RedisHosts.start(folder, "sync-1");
    }

    @AfterAll
    static void stop() {
        if (hosts != null) hosts.close();
    }

    @BeforeEach
    void write() {
        hosts.awaitWhole();
        writers = new Writers(hosts);
        writers.awaitMore(50);
    }

    @AfterEach
    void close() {
        if (writers != null) writers.close();
    }

    private static int another(int host) {
        return host % 3 + 1;
    }

    private static void awaitAnother(int former, long term) {
        hosts.await("another primary", () -> {
            int now = hosts.primary();
            return now != 0 && now != former && hosts.term() > term;
        });
    }

    @Test
    void host_thatDies_isSucceeded_losesNothing_andComesBackAsAReplica() {
        int dead = hosts.primary();
        long term = hosts.term();
        hosts.kill(dead);
        awaitAnother(dead, term);
        writers.awaitMore(50);
        hosts.restart(dead);
        hosts.awaitWhole();
        writers.awaitMore(50);
        assertThat(hosts.primary()).isNotEqualTo(dead);
        assertThat(writers.lost()).isEmpty();
        assertThat(writers.longestGap()).isLessThan(Duration.ofSeconds(20)); // bench/redis measures
    }

    /// Its disk may lack what its replicas have: one of them takes over.
    @Test
    void server_thatIsKilled_isSucceededByAReplica_andReturnsAsOne() {
        int primary = hosts.primary();
        long term = hosts.term();
        ProcessSignal.KILL.sendTo(hosts.server(primary));
        awaitAnother(primary, term);
        hosts.awaitWhole();
        writers.awaitMore(50);
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void agent_thatIsKilledAlone_takesItsServerWithItBeforeAnotherOneServes() {
        int orphan = hosts.primary();
        long server = hosts.server(orphan);
        long term = hosts.term();
        hosts.agentOf(orphan).kill9();
        hosts.agentOf(orphan).awaitEnd(Duration.ofSeconds(10));
        hosts.await("another holds the key", () -> hosts.term() > term);
        assertThat(hosts.server(orphan)).isNotEqualTo(server);
        awaitAnother(orphan, term);
        writers.awaitMore(50);
        hosts.restart(orphan);
        hosts.awaitWhole();
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void agent_thatComesBackInTime_goesOnWithItsServer() {
        int primary = hosts.primary();
        long server = hosts.server(primary);
        hosts.agentOf(primary).kill9();
        hosts.agentOf(primary).awaitEnd(Duration.ofSeconds(10));
        hosts.restart(primary);
        hosts.awaitWhole();
        writers.awaitMore(50);
        boolean inTime = hosts.server(primary) == server; // else the machine was too slow, and it was succeeded
        if (inTime) assertThat(hosts.primary()).isEqualTo(primary);
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void host_thatIsFrozenAndWakes_acknowledgesNothingThatIsLost() {
        int frozen = hosts.primary();
        long term = hosts.term();
        hosts.all(frozen, ProcessSignal.STOP);
        awaitAnother(frozen, term);
        writers.awaitMore(50);
        hosts.all(frozen, ProcessSignal.CONTINUE);
        hosts.awaitWhole();
        writers.awaitMore(50);
        assertThat(hosts.primary()).isNotEqualTo(frozen);
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void storeThatIsAway_changesNothing_whileTheReplicasAgree() throws IOException, InterruptedException {
        int primary = hosts.primary();
        long server = hosts.server(primary);
        hosts.store().signal(0, "STOP");
        long away = System.nanoTime() + Duration.ofSeconds(5).toNanos(); // more than two leases
        while (System.nanoTime() < away) writers.awaitMore(20);
        hosts.store().signal(0, "CONT");
        hosts.awaitWhole();
        writers.awaitMore(50);
        assertThat(hosts.primary()).isEqualTo(primary);
        assertThat(hosts.server(primary)).isEqualTo(server);
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void switchover_toAHost_losesNothingEvenWithoutWait_andKeepsAllServersRunning() {
        int former = hosts.primary();
        int next = another(former);
        List<Long> servers = List.of(hosts.server(1), hosts.server(2), hosts.server(3));
        assertThat(hosts.operator().ask(new Wish("w" + hosts.term(), "h" + next, 0)))
                .isInstanceOf(Outcome.Done.class);
        hosts.await("the other primary", () -> hosts.primary() == next);
        hosts.awaitWhole();
        writers.awaitMore(50);
        assertThat(writers.lost()).isEmpty();
        assertThat(writers.lostWithoutWait()).isEmpty();
        assertThat(List.of(hosts.server(1), hosts.server(2), hosts.server(3))).isEqualTo(servers);
    }

    @Test
    void clientOfAProxy_seesASwitchoverThatAClientOfASentinelAsksFor_asAPause() {
        int former = hosts.primary();
        try (Jedis proxied = hosts.connectToProxy(another(former));
                Jedis sentinel = hosts.connectToSentinel(former)) {
            assertThat(proxied.set("door", "0")).isEqualTo("OK");
            assertThat(sentinel.sentinelGetMasterAddrByName("cache"))
                    .containsExactly(hosts.address(former), "" + hosts.port());
            assertThat(sentinel.sentinelFailover("cache")).isEqualTo("OK");
            AtomicLong expected = new AtomicLong();
            hosts.await("another primary", () -> {
                assertThat(proxied.incr("door")).isEqualTo(expected.incrementAndGet());
                int now = hosts.primary();
                return now != 0 && now != former;
            });
            assertThat(proxied.incr("door")).isEqualTo(expected.incrementAndGet());
            hosts.await(
                    "the sentinel knows",
                    () -> sentinel.sentinelGetMasterAddrByName("cache").contains(hosts.address(hosts.primary())));
        }
        hosts.awaitWhole();
        assertThat(writers.lost()).isEmpty();
    }

    @Test
    void replica_thatIsMadeAnew_receivesAgain() {
        int replica = another(hosts.primary());
        assertThat(hosts.operator().command(new NodeId("h" + replica), new Task("t", Task.Kind.REINIT)))
                .isInstanceOf(Outcome.Done.class);
        hosts.await(
                "it begins",
                () -> hosts.cluster().members().stream()
                        .filter(member -> member.host().name().equals("h" + replica))
                        .noneMatch(Member::streaming));
        hosts.awaitWhole();
        assertThat(writers.lost()).isEmpty();
    }

    /// The classic: a primary that comes back without its data must not be copied by those that have it.
    @Test
    void primary_whoseDataIsGone_doesNotTakeThatOfItsReplicasWithIt() throws IOException {
        int emptied = hosts.primary();
        long term = hosts.term();
        hosts.agentOf(emptied).freeze();
        ProcessSignal.KILL.sendTo(hosts.server(emptied));
        empty(hosts.data(emptied));
        hosts.agentOf(emptied).thaw();
        awaitAnother(emptied, term);
        hosts.awaitWhole();
        writers.awaitMore(50);
        assertThat(writers.lost()).isEmpty();
    }

    private static void empty(Path data) throws IOException {
        try (Stream<Path> files = Files.walk(data)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList())
                if (!file.equals(data)) Files.delete(file);
        }
    }

    /// A second history: the server writes on while another one is the primary.
    @Test
    void formerPrimary_thatWroteOnItsOwn_getsTheOthersData() {
        int former = hosts.primary();
        long term = hosts.term();
        hosts.agentOf(former).freeze(); // the guard waits for the lease's end
        try (Jedis jedis = hosts.connect(former)) {
            for (int number = 0; number < 10_000; number++) jedis.sadd("alone", "x".repeat(100) + number);
        } catch (JedisException ended) {
            assertThat(ended).isNotNull(); // by the guard, which may come first
        }
        awaitAnother(former, term);
        hosts.agentOf(former).thaw();
        hosts.awaitWhole();
        writers.awaitMore(50);
        assertThat(writers.lost()).isEmpty();
    }
}

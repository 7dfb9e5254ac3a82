package holdfast.server.healing.redis;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.healing.failover.ClusterScenarios;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;

/// What befalls a Redis cluster, and what of it is Redis' own.
final class RedisClusterTest extends ClusterScenarios<RedisHosts> {
    @Override
    protected RedisHosts open(Path folder) throws IOException, InterruptedException {
        return RedisHosts.start(folder, "sync-1");
    }

    @Override
    protected void writeAlone(int host) {
        try (Jedis jedis = hosts.connect(host)) {
            for (int number = 0; number < 10_000; number++) jedis.sadd("alone", "x".repeat(100) + number);
        } catch (JedisException ended) {
            assertThat(ended).isNotNull(); // by the guard, which may come first
        }
    }

    /// Its disk may lack what its replicas have: one of them takes over.
    @Test
    void server_thatIsKilled_isSucceededByAReplica_andReturnsAsOne() {
        int primary = hosts.primary();
        long term = hosts.term();
        ProcessSignal.KILL.sendTo(hosts.server(primary));
        awaitAnother(primary, term);
        awaitUnharmed();
    }

    @Test
    void switchover_toAHost_losesNothingEvenWithoutWait_andKeepsAllServersRunning() {
        List<Long> servers = List.of(hosts.server(1), hosts.server(2), hosts.server(3));
        switchOver();
        awaitUnharmed();
        assertThat(writers.lostByAnyWay()).isEmpty();
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
        awaitUnharmed();
    }

    private static void empty(Path data) throws IOException {
        try (Stream<Path> files = Files.walk(data)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList())
                if (!file.equals(data)) Files.delete(file);
        }
    }
}

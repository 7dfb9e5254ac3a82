package holdfast.server.redundancy.redis;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.base.Metrics;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import holdfast.server.redundancy.proxy.ProxyConfig;
import holdfast.server.redundancy.proxy.ProxyMetrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;

/// Real clients, real servers and a real store around two proxies: of `cache`, whose writes wait for nobody, and of
/// `safe`, whose writes are confirmed by a replica and which asks for a password. Tests that change the primary
/// leave a pair behind.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class RedisProxyTest {
    private static final Duration LIMIT = RedisTown.LIMIT;

    @TempDir
    static Path folder;

    private static StoreCluster store;
    private static RedisTown cache;
    private static RedisTown safe;

    @BeforeAll
    static void open() throws IOException, InterruptedException {
        TestRedis.program("redis-server");
        store = StoreCluster.start(Files.createDirectories(folder.resolve("store")), 1);
        cache = new RedisTown(
                store,
                folder.resolve("cache"),
                "cache",
                "",
                false,
                config -> config.withDrainFor(Duration.ofSeconds(1)).withConnectionsMax(40));
        safe = new RedisTown(store, folder.resolve("safe"), "safe", "se-cret", true, config -> config);
    }

    @AfterAll
    static void close() throws Exception {
        if (cache != null) cache.close();
        if (safe != null) safe.close();
        if (store != null) store.close();
    }

    // ---- one primary ----------------------------------------------------------------------------------------------

    @Test
    @Order(1)
    void commands_ofEveryShape_areAnsweredInOrder() {
        try (RawRedis raw = cache.connect()) {
            assertThat(raw.ask("PING")).isEqualTo("+PONG");
            raw.raw("\r\nset  shape round\r\n*0\r\nGET shape\r\n");
            assertThat(raw.reply() + raw.reply()).isEqualTo("+OKround");
            StringBuilder many = new StringBuilder();
            for (int n = 0; n < 5_000; n++) many.append(RawRedis.command("INCR", "many"));
            raw.raw(many.toString());
            for (int n = 1; n <= 5_000; n++) assertThat(raw.reply()).isEqualTo(":" + n);
            String large = "x".repeat(3 << 20);
            assertThat(raw.ask("SET", "large", large)).isEqualTo("+OK");
            raw.raw(RawRedis.command("GET", "large") + RawRedis.command("NONSENSE") + RawRedis.command("GET", "none"));
            assertThat(raw.reply()).isEqualTo(large);
            assertThat(raw.reply()).startsWith("-ERR unknown command");
            assertThat(raw.reply()).isEqualTo("nil");
            assertThat(raw.ask("QUIT") + raw.reply()).isEqualTo("+OKclosed");
        }
        assertThat(cache.primary.ask("GET", "many")).isEqualTo("5000");
    }

    @Test
    @Order(1)
    void version3_spokenByTheClient_isPassedOn() {
        try (RawRedis raw = cache.connect();
                RawRedis other = cache.connect()) {
            assertThat(raw.ask("HELLO", "3")).startsWith("{server=redis").contains("proto=:3", "role=master");
            assertThat(raw.ask("HSET", "hash", "a", "1")).isEqualTo(":1");
            assertThat(raw.ask("HGETALL", "hash")).isEqualTo("{a=1}");
            assertThat(raw.ask("SUBSCRIBE", "news")).isEqualTo(">[subscribe, news, :1]");
            assertThat(other.ask("PUBLISH", "news", "hot")).isEqualTo(":1");
            raw.send("GET", "none");
            assertThat(raw.reply() + raw.reply()).isEqualTo(">[message, news, hot]nil");
        }
    }

    @Test
    @Order(1)
    void transaction_andScript_andBlockingCommand_doAsWithoutProxy() {
        try (RawRedis raw = cache.connect();
                RawRedis other = cache.connect()) {
            raw.raw(RawRedis.command("MULTI") + RawRedis.command("SET", "t", "1") + RawRedis.command("EXEC"));
            assertThat(raw.reply() + raw.reply() + raw.reply()).isEqualTo("+OK+QUEUED[+OK]");
            assertThat(raw.ask("WATCH", "t")).isEqualTo("+OK");
            assertThat(other.ask("SET", "t", "2")).isEqualTo("+OK");
            raw.raw(RawRedis.command("MULTI") + RawRedis.command("SET", "t", "3") + RawRedis.command("EXEC"));
            assertThat(raw.reply() + raw.reply() + raw.reply()).isEqualTo("+OK+QUEUEDnil");
            assertThat(raw.ask("EVAL", "return redis.call('get', KEYS[1])", "1", "t"))
                    .isEqualTo("2");
            raw.send("BLPOP", "list", "10");
            assertThat(raw.isSilent(100)).isTrue();
            assertThat(other.ask("RPUSH", "list", "one")).isEqualTo(":1");
            assertThat(raw.reply()).isEqualTo("[list, one]");
        }
    }

    @Test
    @Order(1)
    void subscription_ended_leavesAnOrdinarySession() {
        try (RawRedis raw = cache.connect()) {
            raw.send("SUBSCRIBE", "a", "b").send("PSUBSCRIBE", "c*").send("PING");
            assertThat(List.of(raw.reply(), raw.reply(), raw.reply(), raw.reply()))
                    .containsExactly("[subscribe, a, :1]", "[subscribe, b, :2]", "[psubscribe, c*, :3]", "[pong, ]");
            raw.send("UNSUBSCRIBE").send("PUNSUBSCRIBE").send("ECHO", "free");
            assertThat(List.of(raw.reply(), raw.reply(), raw.reply(), raw.reply()))
                    .contains("[punsubscribe, c*, :0]", "free");
            cache.switchOver();
            assertThat(raw.ask("ECHO", "moved")).isEqualTo("moved");
        }
    }

    @Test
    @Order(1)
    void readPort_leadsToTheReplica_andWithoutOneToThePrimary() {
        try (RawRedis raw = cache.connectToRead()) {
            assertThat(raw.ask("ROLE")).startsWith("[slave");
            cache.delete("members/" + cache.replica.name());
            Processes.await("it has left", LIMIT, () -> cache.replica.clients() == 0);
            assertThat(raw.ask("ROLE")).startsWith("[master");
        } finally {
            cache.announce(cache.replica, "REPLICA");
        }
    }

    @Test
    @Order(1)
    void replication_orWhatIsNoCommand_isRefused() {
        for (String bad : List.of(RawRedis.command("PSYNC", "?", "-1"), "*1\r\n:5\r\n", "*1\r\n$-5\r\n")) {
            try (RawRedis raw = cache.connect()) {
                assertThat(raw.raw(bad).reply()).startsWith("-ERR");
                assertThat(raw.reply()).isEqualTo("closed");
            }
        }
    }

    @Test
    @Order(1)
    void clients_moreThanTheMost_areRefused() {
        List<RawRedis> all = new ArrayList<>();
        try {
            for (int n = 0; n < 40; n++) all.add(cache.connect());
            for (RawRedis raw : all) assertThat(raw.ask("PING")).isEqualTo("+PONG");
            try (RawRedis raw = cache.connect()) {
                assertThat(raw.reply() + raw.reply()).isEqualTo("-ERR max number of clients reachedclosed");
            }
        } finally {
            all.forEach(RawRedis::close);
        }
        Processes.await("room for others", LIMIT, () -> {
            try (RawRedis raw = cache.connect()) {
                return raw.ask("PING").equals("+PONG");
            }
        });
    }

    @Test
    @Order(1)
    void stall_unconfirmed_holdsRepliesUntilTheStoreSaysWhoLeads() {
        try (RawRedis raw = cache.connect()) {
            assertThat(raw.ask("PING")).isEqualTo("+PONG");
            store.server(0).freeze();
            try {
                cache.ticker.jump(Duration.ofSeconds(1));
                Processes.await(
                        "the stall is seen",
                        LIMIT,
                        () -> cache.metrics.expose().contains("holdfast_redis_proxy_stalls_total{service=\"cache\"}"));
                raw.send("ECHO", "certain");
                assertThat(raw.isSilent(500)).isTrue();
            } finally {
                store.server(0).thaw();
            }
            assertThat(raw.reply()).isEqualTo("certain");
        }
    }

    // ---- another primary ------------------------------------------------------------------------------------------

    @Test
    @Order(2)
    void switchover_clientBetweenCommands_keepsWhatItHadSet() {
        try (RawRedis raw = cache.connect()) {
            assertThat(raw.ask("HELLO", "3", "SETNAME", "ada")).contains("proto=:3");
            assertThat(raw.ask("SELECT", "5")).isEqualTo("+OK");
            assertThat(raw.ask("CLIENT", "NO-EVICT", "ON")).isEqualTo("+OK");
            assertThat(raw.ask("SET", "here", "5")).isEqualTo("+OK");
            int before = cache.primary.port();
            cache.switchOver();
            assertThat(raw.ask("INFO", "server")).contains("tcp_port:" + cache.primary.port());
            assertThat(cache.primary.port()).isNotEqualTo(before);
            assertThat(raw.ask("GET", "here")).isEqualTo("5");
            assertThat(raw.ask("CLIENT", "GETNAME")).isEqualTo("ada");
            assertThat(raw.ask("CLIENT", "LIST"))
                    .contains("name=ada")
                    .contains("db=5")
                    .contains("resp=3");
            assertThat(raw.ask("HGETALL", "none")).isEqualTo("{}");
        }
    }

    @Test
    @Order(2)
    void switchover_transactionUnderWay_endsOnTheFormerPrimary() {
        try (RawRedis raw = cache.connect()) {
            raw.send("MULTI").send("SET", "multi", "1");
            assertThat(raw.reply() + raw.reply()).isEqualTo("+OK+QUEUED");
            cache.lead(false);
            assertThat(raw.isSilent(200)).isTrue();
            assertThat(raw.ask("EXEC")).isEqualTo("[+OK]");
            Processes.await("it has left", LIMIT, () -> cache.primary.clients() == 0);
            raw.send("GET", "multi");
            assertThat(raw.isSilent(200)).isTrue();
            cache.lead(true);
            assertThat(raw.reply()).isEqualTo("1");
        }
    }

    @Test
    @Order(2)
    void switchover_whatCannotBeCarriedOver_isClosedAtOnce() {
        List<List<String>> uses = List.of(
                List.of("SUBSCRIBE", "news"),
                List.of("WATCH", "key"),
                List.of("CLIENT", "TRACKING", "ON"),
                List.of("MONITOR"),
                List.of("BLPOP", "nothing", "0"));
        List<RawRedis> clients = new ArrayList<>();
        try {
            for (List<String> use : uses) {
                RawRedis raw = cache.connect();
                clients.add(raw);
                assertThat(raw.ask("HELLO", "3")).contains("proto=:3");
                raw.send(use.toArray(String[]::new));
                if (!use.getFirst().equals("BLPOP")) assertThat(raw.reply()).doesNotStartWith("-");
            }
            long since = System.nanoTime();
            cache.switchOver();
            assertThat(Duration.ofNanos(System.nanoTime() - since)).isLessThan(Duration.ofSeconds(15));
            for (int n = 0; n < clients.size(); n++) {
                String last = clients.get(n).reply();
                while (!last.equals("closed")) {
                    assertThat(last).as("%s", uses.get(n)).startsWith("+"); // a line of the monitor
                    last = clients.get(n).reply();
                }
            }
        } finally {
            clients.forEach(RawRedis::close);
        }
    }

    @Test
    @Order(2)
    void switchovers_underSteadyWriters_areSeenAsPauses() throws Exception {
        AtomicBoolean enough = new AtomicBoolean();
        AtomicLong written = new AtomicLong();
        List<CompletableFuture<String>> writers = new ArrayList<>();
        for (int n = 0; n < 4; n++) {
            String key = "steady" + n;
            writers.add(CompletableFuture.supplyAsync(() -> {
                try (Jedis jedis = new Jedis("127.0.0.1", cache.proxy.writePort(), 20_000)) {
                    long expected = 0;
                    while (!enough.get()) {
                        if (jedis.incr(key) != ++expected) return key + " was not " + expected;
                        written.incrementAndGet();
                    }
                    return "well";
                } catch (RuntimeException failed) {
                    return failed.toString();
                }
            }));
        }
        for (int n = 0; n < 2; n++) {
            long before = written.get();
            Processes.await("writes go on", LIMIT, () -> written.get() > before + 500);
            cache.switchOver();
        }
        long before = written.get();
        Processes.await("writes go on", LIMIT, () -> written.get() > before + 500);
        enough.set(true);
        for (CompletableFuture<String> writer : writers)
            assertThat(writer.get()).isEqualTo("well");
    }

    // ---- a primary that dies --------------------------------------------------------------------------------------

    @Test
    @Order(3)
    void primaryDies_clientBetweenCommands_waitsForTheNext() {
        try (RawRedis idle = cache.connect();
                RawRedis asks = cache.connect()) {
            assertThat(idle.ask("SET", "life", "1") + asks.ask("PING")).isEqualTo("+OK+PONG");
            Processes.await("it is copied", LIMIT, () -> "1".equals(cache.replica.ask("GET", "life")));
            asks.send("BLPOP", "never", "0");
            assertThat(asks.isSilent(100)).isTrue();
            cache.primary.kill9();
            assertThat(asks.reply()).isEqualTo("closed");
            assertThat(idle.isSilent(300)).isTrue(); // meanwhile its loop has seen the end as well
            idle.send("GET", "life").send("INCR", "life");
            assertThat(idle.isSilent(200)).isTrue();
            cache.promote();
            assertThat(idle.reply() + idle.reply()).isEqualTo("1:2");
        }
        cache.addReplica();
    }

    @Test
    @Order(3)
    void formerPrimary_thatWakesWithAReplyOwed_isNotHeard() {
        try (RawRedis asks = cache.connect();
                RawRedis idle = cache.connect()) {
            assertThat(asks.ask("PING") + idle.ask("PING")).isEqualTo("+PONG+PONG");
            TestRedis former = cache.primary;
            former.process().freeze();
            asks.send("SET", "split", "brain");
            cache.promote();
            former.process().thaw();
            assertThat(asks.reply()).isEqualTo("closed");
            assertThat(idle.ask("INFO", "server")).contains("tcp_port:" + cache.primary.port());
            former.kill9();
        }
        cache.addReplica();
    }

    @Test
    @Order(3)
    void hold_longerThanAllowed_isAnErrorThatClientsRetry() throws Exception {
        cache.lead(false);
        try (RedisProxy hasty = RedisProxy.open(
                        cache.vertx,
                        cache.etcd,
                        RedisProxyConfig.of(
                                ProxyConfig.of("cache", "127.0.0.1", 0, 0).withHoldFor(Duration.ofMillis(300)), false),
                        ProxyMetrics.ofRedis(new Metrics()),
                        cache.ticker);
                RawRedis raw = new RawRedis(hasty.writePort())) {
            assertThat(raw.ask("GET", "a")).startsWith("-LOADING no server for 300 ms");
            assertThat(raw.reply()).isEqualTo("closed");
        } finally {
            cache.lead(true);
        }
    }

    // ---- confirmed writes -----------------------------------------------------------------------------------------

    @Test
    @Order(4)
    void confirmedWrite_isAnsweredOnceTheReplicaHasIt_aReadAtOnce() {
        try (RawRedis raw = safe.connect()) {
            assertThat(raw.ask("SET", "k", "0")).isEqualTo("+OK");
            safe.replica.process().freeze();
            try {
                assertThat(raw.ask("GET", "k")).isEqualTo("0");
                raw.send("SET", "k", "1");
                assertThat(raw.isSilent(300)).isTrue();
                assertThat(safe.primary.ask("GET", "k")).isEqualTo("1");
            } finally {
                safe.replica.process().thaw();
            }
            assertThat(raw.reply()).isEqualTo("+OK");
        }
    }

    @Test
    @Order(4)
    void confirmedWrites_ofEveryShape_areAnsweredInOrder() {
        try (RawRedis raw = safe.connect()) {
            raw.raw(RawRedis.command("SET", "c", "1") + RawRedis.command("MULTI") + RawRedis.command("INCR", "c"));
            raw.send("GET", "c").send("EXEC").send("GET", "c").send("INCR", "nonsense", "x");
            assertThat(List.of(raw.reply(), raw.reply(), raw.reply(), raw.reply(), raw.reply(), raw.reply()))
                    .containsExactly("+OK", "+OK", "+QUEUED", "+QUEUED", "[:2, 2]", "2");
            assertThat(raw.reply()).startsWith("-ERR wrong number");
            StringBuilder many = new StringBuilder();
            for (int n = 0; n < 3_000; n++) many.append(RawRedis.command("INCR", "manysafe"));
            raw.raw(many.toString());
            for (int n = 1; n <= 3_000; n++) assertThat(raw.reply()).isEqualTo(":" + n);
            assertThat(raw.ask("SET", "large", "y".repeat(1 << 20))).isEqualTo("+OK");
            raw.send("SET", "c", "7")
                    .send("SUBSCRIBE", "news")
                    .send("UNSUBSCRIBE")
                    .send("INCR", "c");
            assertThat(List.of(raw.reply(), raw.reply(), raw.reply(), raw.reply()))
                    .containsExactly("+OK", "[subscribe, news, :1]", "[unsubscribe, news, :0]", ":8");
        }
    }

    @Test
    @Order(4)
    void confirmedWrite_withoutAReplicaForLong_endsWithoutAnAnswer() {
        safe.replica.process().freeze();
        try (RawRedis raw = safe.connect();
                RawRedis alone = safe.connect()) {
            double before = safe.cuts("unconfirmed");
            assertThat(raw.ask("SET", "unconfirmed", "1")).isEqualTo("closed");
            assertThat(safe.cuts("unconfirmed")).isEqualTo(before + 1);
            alone.send("SET", "unconfirmed", "2");
            assertThat(alone.isSilent(200)).isTrue();
            safe.rule(0); // the primary counts alone from now on
            assertThat(alone.reply()).isEqualTo("+OK");
        } finally {
            safe.rule(1, safe.replica);
            safe.replica.process().thaw();
        }
    }

    @Test
    @Order(5)
    void user_afterASwitchover_isStillTheSame() {
        safe.primary.ask("ACL", "SETUSER", "clerk", "on", ">pw", "~app:*", "+@all", "-@admin");
        safe.replica.ask("ACL", "SETUSER", "clerk", "on", ">pw", "~app:*", "+@all", "-@admin");
        try (RawRedis raw = new RawRedis(safe.proxy.writePort());
                RawRedis stranger = new RawRedis(safe.proxy.writePort())) {
            assertThat(stranger.ask("SET", "a", "1")).startsWith("-NOAUTH");
            assertThat(stranger.ask("AUTH", "wrong")).startsWith("-WRONGPASS");
            assertThat(raw.ask("AUTH", "clerk", "pw")).isEqualTo("+OK");
            assertThat(raw.ask("SET", "app:1", "x")).isEqualTo("+OK");
            safe.switchOver();
            assertThat(raw.ask("ACL", "WHOAMI")).isEqualTo("clerk");
            assertThat(raw.ask("GET", "app:1")).isEqualTo("x");
            assertThat(raw.ask("SET", "other", "x")).startsWith("-NOPERM");
            assertThat(stranger.ask("GET", "a")).startsWith("-NOAUTH");
        }
    }

    @Test
    @Order(6)
    void confirmedWrite_survivesThePrimary() throws Exception {
        for (int round = 0; round < 3; round++) {
            String key = "survives" + round;
            AtomicLong answered = new AtomicLong();
            CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
                try (RawRedis raw = safe.connect()) {
                    for (long n = 1; raw.ask("SET", key, "" + n).equals("+OK"); n++) answered.set(n);
                } catch (UncheckedIOException _) {
                    // the primary is dead
                }
            });
            Processes.await("writes", LIMIT, () -> answered.get() > 300);
            safe.primary.kill9();
            writer.get();
            safe.promote();
            assertThat(Long.parseLong(safe.primary.ask("GET", key))).isGreaterThanOrEqualTo(answered.get());
            safe.addReplica();
        }
    }
}

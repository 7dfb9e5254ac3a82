package holdfast.server.redundancy.redis;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.server.client.Answer;
import holdfast.server.client.Txn;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import holdfast.server.redundancy.sentinel.SentinelConfig;
import holdfast.server.redundancy.sentinel.SentinelPort;
import holdfast.server.redundancy.sentinel.Watched;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.RedisSentinelClient;

/// Two sentinels of ours and two of Redis over the same servers: they must say the same, ids, ports of sentinels and
/// times apart. Then unchanged clients follow ours.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class SentinelTest {
    private static final Duration LIMIT = RedisTown.LIMIT;

    @TempDir
    static Path folder;

    private static StoreCluster store;
    private static RedisTown town;
    private static SentinelPort sentinel;
    private static SentinelPort proxied;
    private static int theirs;
    private static final List<String> asked = new CopyOnWriteArrayList<>();

    @BeforeAll
    static void open() throws IOException, InterruptedException {
        TestRedis.program("redis-server");
        store = StoreCluster.start(Files.createDirectories(folder.resolve("store")), 1);
        town = new RedisTown(store, folder.resolve("town"), "shop", "", false, config -> config);
        register("h1");
        register("h2");
        Watched watched = new Watched("shop", Duration.ofMillis(1500), false, 0, 0);
        sentinel = SentinelPort.open(
                town.vertx,
                town.etcd,
                new SentinelConfig("h1", "127.0.0.1", "127.0.0.1", 0, ""),
                List.of(watched),
                asked::add,
                town.ticker);
        proxied = SentinelPort.open(
                town.vertx,
                town.etcd,
                new SentinelConfig("h1", "127.0.0.1", "127.0.0.1", 0, "pass"),
                List.of(new Watched(
                        "shop", Duration.ofMillis(1500), true, town.proxy.writePort(), town.proxy.readPort())),
                asked::add,
                town.ticker);
        theirs = redisSentinel("s1");
        int _ = redisSentinel("s2");
        Processes.await("all know each other and are connected", Duration.ofSeconds(30), () -> {
            try (RawRedis one = new RawRedis(theirs);
                    RawRedis ours = new RawRedis(sentinel.port())) {
                return one.ask("INFO", "sentinel").contains("slaves=1,sentinels=2")
                        && ours.ask("INFO", "sentinel").contains("slaves=1,sentinels=2")
                        && Stream.of("masters", "replicas shop", "sentinels shop")
                                .map(of -> one.ask(("SENTINEL " + of).split(" ", -1)))
                                .noneMatch(nodes -> nodes.contains("disconnected"));
            }
        });
    }

    private static void register(String host) {
        assertThat(town.etcd.commit(new Txn()
                        .put(
                                Bytes.utf8("/holdfast/hosts/" + host),
                                Bytes.utf8("{\"host\":\"" + host + "\",\"address\":\"127.0.0.1\"}"))))
                .isInstanceOf(Answer.Done.class);
    }

    private static int redisSentinel(String name) throws IOException {
        int port = Processes.freePort();
        Path file = Files.writeString(folder.resolve(name + ".conf"), """
                port %d
                bind 127.0.0.1
                dir %s
                sentinel monitor shop 127.0.0.1 %d 2
                sentinel down-after-milliseconds shop 1500
                """.formatted(port, folder, town.primary.port()));
        town.processes
                .start(name, List.of(TestRedis.program("redis-server"), file.toString(), "--sentinel"), Map.of())
                .awaitOutput("+monitor", LIMIT);
        return port;
    }

    @AfterAll
    static void close() throws Exception {
        if (sentinel != null) sentinel.close();
        if (proxied != null) proxied.close();
        if (town != null) town.close();
        if (store != null) store.close();
    }

    // ---- as Redis' own --------------------------------------------------------------------------------------------

    private static final List<String> SAME = List.of(
            "PING",
            "PING hello",
            "SENTINEL get-master-addr-by-name shop",
            "SENTINEL GET-MASTER-ADDR-BY-NAME nope",
            "SENTINEL master shop",
            "SENTINEL master nope",
            "SENTINEL masters",
            "SENTINEL replicas shop",
            "SENTINEL slaves shop",
            "SENTINEL slaves nope",
            "SENTINEL sentinels shop",
            "SENTINEL sentinels nope",
            "SENTINEL ckquorum shop",
            "SENTINEL ckquorum nope",
            "SENTINEL myid",
            "SENTINEL is-master-down-by-addr 127.0.0.1 1 0 *",
            "SENTINEL reset nope*",
            "SENTINEL pending-scripts",
            "SENTINEL flushconfig",
            "SENTINEL failover nope",
            "SENTINEL remove nope",
            "SENTINEL set nope quorum 2",
            "SENTINEL",
            "SENTINEL nonsense",
            "SENTINEL master",
            "SENTINEL master a b",
            "INFO sentinel",
            "ROLE",
            "ROLE x",
            "GET a",
            "SET a 1",
            "CLIENT GETNAME",
            "CLIENT SETNAME me",
            "CLIENT GETNAME",
            "CLIENT NONSENSE",
            "AUTH a",
            "AUTH a b",
            "HELLO 4",
            "HELLO x",
            "HELLO 3 WHAT",
            "SUBSCRIBE a b",
            "PSUBSCRIBE c*",
            "PING",
            "PING hello",
            "GET a",
            "UNSUBSCRIBE a b",
            "PUNSUBSCRIBE",
            "UNSUBSCRIBE",
            "PUBLISH a b",
            "MULTI");

    /// Ids, times, ports of sentinels.
    private static String apart(String reply) {
        return reply.replaceAll("[0-9a-f]{40}", "ID")
                .replaceAll("(last-[a-z-]*|[a-z-]*refresh|[a-z-]*-time|slave-repl-offset)([,=] ?)[0-9]+", "$1$2N")
                .replaceAll("(name[,=] ?ID, ip[,=] ?127.0.0.1, port[,=] ?)[0-9]+", "$1N")
                .replaceAll("version([,=] ?)[0-9.]+", "version$1N")
                .replaceAll("(id([,=] ?):|id=)[0-9]+", "$1N");
    }

    @Test
    @Order(1)
    void replies_areAsThoseOfRedisSentinel() {
        for (String version : List.of("2", "3")) {
            try (RawRedis one = new RawRedis(theirs);
                    RawRedis ours = new RawRedis(sentinel.port())) {
                assertThat(apart(ours.ask("HELLO", version))).isEqualTo(apart(one.ask("HELLO", version)));
                for (String command : SAME) {
                    one.send(command.split(" ", -1));
                    ours.send(command.split(" ", -1));
                    for (int replies = repliesTo(command); replies > 0; replies--) {
                        assertThat(apart(ours.reply()))
                                .as("%s in version %s", command, version)
                                .isEqualTo(apart(one.reply()));
                    }
                }
            }
        }
    }

    private static int repliesTo(String command) {
        return command.endsWith("SUBSCRIBE a b") ? 2 : 1;
    }

    @Test
    @Order(1)
    void whatOnlyOursKnow_isAnsweredToo() {
        try (RawRedis ours = new RawRedis(sentinel.port())) {
            assertThat(ours.raw("SENTINEL get-master-addr-by-name shop\r\n").reply())
                    .isEqualTo("[127.0.0.1, " + town.primary.port() + "]");
            assertThat(ours.ask("CLIENT", "SETINFO", "LIB-NAME", "x")).isEqualTo("+OK");
            assertThat(ours.ask("COMMAND", "COUNT")).isEqualTo(":14");
            assertThat(ours.ask("COMMAND", "INFO", "ping", "nope"))
                    .startsWith("[[ping, :-1")
                    .endsWith("nil]");
            assertThat(ours.ask("SENTINEL", "monitor", "x", "127.0.0.1", "1", "1"))
                    .startsWith("-ERR what is monitored");
            assertThat(ours.ask("INFO")).contains("redis_mode:sentinel").contains("master0:name=shop");
            assertThat(ours.ask("SENTINEL", "failover", "shop")).isEqualTo("+OK");
            Processes.await("it is asked for", LIMIT, () -> asked.contains("shop"));
            try (RawRedis leaving = new RawRedis(sentinel.port())) {
                assertThat(leaving.ask("QUIT") + leaving.reply()).isEqualTo("+OKclosed");
            }
            assertThat(ours.raw("*1\r\n:5\r\n").reply() + ours.reply())
                    .startsWith("-ERR Protocol")
                    .endsWith("closed");
        }
    }

    @Test
    @Order(1)
    void sentinelWithPassword_thatSendsClientsToTheProxy_doesBoth() {
        try (RawRedis raw = new RawRedis(proxied.port())) {
            assertThat(raw.ask("SENTINEL", "masters")).startsWith("-NOAUTH");
            assertThat(raw.ask("AUTH", "wrong")).startsWith("-WRONGPASS");
            assertThat(raw.ask("HELLO", "3", "AUTH", "default", "pass")).contains("mode=sentinel");
            assertThat(raw.ask("SENTINEL", "get-master-addr-by-name", "shop"))
                    .isEqualTo("[127.0.0.1, " + town.proxy.writePort() + "]");
            assertThat(raw.ask("SENTINEL", "replicas", "shop")).contains("port=" + town.proxy.readPort());
        }
    }

    // ---- clients that follow --------------------------------------------------------------------------------------

    private static String event(RawRedis raw, Predicate<String> wanted) {
        String event = raw.reply();
        while (!wanted.test(event)) event = raw.reply();
        return event;
    }

    @Test
    @Order(2)
    void primaryDies_isToldAsByRedisSentinel() {
        try (RawRedis events = new RawRedis(sentinel.port());
                RawRedis asks = new RawRedis(sentinel.port())) {
            assertThat(events.ask("PSUBSCRIBE", "*")).isEqualTo("[psubscribe, *, :1]");
            String master = "master shop 127.0.0.1 " + town.primary.port();
            int before = town.primary.port();
            town.primary.kill9();
            town.delete("leader");
            assertThat(event(events, one -> one.contains("+sdown, master")))
                    .isEqualTo("[pmessage, *, +sdown, " + master + "]");
            assertThat(events.reply()).isEqualTo("[pmessage, *, +odown, " + master + " #quorum 2/2]");
            assertThat(asks.ask("SENTINEL", "master", "shop")).contains("flags, s_down,o_down,master,disconnected");
            assertThat(asks.ask("SENTINEL", "is-master-down-by-addr", "127.0.0.1", "" + before, "0", "*"))
                    .isEqualTo("[:1, *, :0]");
            assertThat(asks.ask("SENTINEL", "failover", "shop")).isEqualTo("-INPROG Failover already in progress");
            assertThat(asks.ask("INFO", "sentinel")).contains("status=odown");
            town.promote();
            assertThat(event(events, one -> one.contains("+switch-master")))
                    .isEqualTo("[pmessage, *, +switch-master, shop 127.0.0.1 " + before + " 127.0.0.1 "
                            + town.primary.port() + "]");
            assertThat(asks.ask("SENTINEL", "get-master-addr-by-name", "shop"))
                    .isEqualTo("[127.0.0.1, " + town.primary.port() + "]");
            town.addReplica();
            assertThat(event(events, one -> one.contains("+slave")))
                    .isEqualTo("[pmessage, *, +slave, slave 127.0.0.1:%d 127.0.0.1 %d @ shop 127.0.0.1 %d]"
                            .formatted(town.replica.port(), town.replica.port(), town.primary.port()));
        }
    }

    @Test
    @Order(3)
    void jedis_followsThePrimary() {
        try (RedisSentinelClient jedis = RedisSentinelClient.builder()
                .masterName("shop")
                .sentinels(Set.of(new HostAndPort("127.0.0.1", sentinel.port())))
                .build()) {
            assertThat(jedis.set("jedis", "1")).isEqualTo("OK");
            assertThat(jedis.getCurrentMaster().getPort()).isEqualTo(town.primary.port());
            for (int round = 0; round < 2; round++) {
                failOver();
                Processes.await("jedis writes again", LIMIT, () -> {
                    try {
                        return jedis.incr("jedis") > 0
                                && jedis.getCurrentMaster().getPort() == town.primary.port();
                    } catch (RuntimeException _) {
                        return false;
                    }
                });
            }
        }
    }

    @Test
    @Order(3)
    void lettuce_followsThePrimary() {
        RedisURI uri = RedisURI.create("redis-sentinel://127.0.0.1:" + sentinel.port() + "?sentinelMasterId=shop");
        uri.setTimeout(Duration.ofSeconds(2));
        RedisClient lettuce = RedisClient.create(uri);
        try (StatefulRedisConnection<String, String> connection = lettuce.connect()) {
            assertThat(connection.sync().set("lettuce", "1")).isEqualTo("OK");
            for (int round = 0; round < 2; round++) {
                failOver();
                Processes.await("lettuce writes again", LIMIT, () -> {
                    try {
                        return connection.sync().incr("lettuce") > 0
                                && connection.sync().info("server").contains("tcp_port:" + town.primary.port());
                    } catch (RuntimeException _) {
                        return false;
                    }
                });
            }
        } finally {
            lettuce.shutdown(Duration.ZERO, Duration.ofSeconds(5));
        }
    }

    private static final String PYTHON = """
            import sys, redis
            from redis.sentinel import Sentinel
            sentinel = Sentinel([("127.0.0.1", int(sys.argv[1]))], socket_timeout=2)
            primary = sentinel.master_for("shop", socket_timeout=2)
            replica = sentinel.slave_for("shop", socket_timeout=2)
            print("written", primary.incr("python"), sentinel.discover_master("shop")[1], flush=True)
            for line in sys.stdin:
                for attempt in range(200):
                    try:
                        n = primary.incr("python")
                        print("written", n, sentinel.discover_master("shop")[1], flush=True)
                        break
                    except redis.exceptions.RedisError as error:
                        print("again", type(error).__name__, flush=True)
                print("replicas", [one[1] for one in sentinel.discover_slaves("shop")], replica.ping(), flush=True)
            """;

    /// A python that has redis-py; the test is skipped without one.
    private static String python() {
        for (String candidate : List.of(
                String.valueOf(System.getenv("HOLDFAST_REDIS_PY")),
                System.getProperty("user.home") + "/.cache/holdfast/tools/redis-py/bin/python")) {
            if (Files.isExecutable(Path.of(candidate))) return candidate;
        }
        throw new TestAbortedException(
                "redis-py is not installed: `sh tools/install-redis`, or name a python that has it"
                        + " in HOLDFAST_REDIS_PY");
    }

    @Test
    @Order(3)
    void redisPy_followsThePrimary() throws Exception {
        Path script = Files.writeString(folder.resolve("follow.py"), PYTHON);
        Process process = new ProcessBuilder(python(), script.toString(), "" + sentinel.port())
                .redirectErrorStream(true)
                .start();
        try (var out = process.inputReader();
                var in = process.outputWriter()) {
            assertThat(out.readLine()).isEqualTo("written 1 " + town.primary.port());
            AtomicLong last = new AtomicLong(1);
            for (int round = 0; round < 2; round++) {
                failOver();
                in.write("next\n");
                in.flush();
                String line = out.readLine();
                while (line.startsWith("again")) line = out.readLine();
                assertThat(line).isEqualTo("written " + last.incrementAndGet() + " " + town.primary.port());
                assertThat(out.readLine()).isEqualTo("replicas [" + town.replica.port() + "] True");
            }
        } finally {
            process.destroyForcibly();
        }
    }

    /// The primary hands over when its replica has all, and the servers change places.
    private static void failOver() {
        TestRedis former = town.primary;
        try (RawRedis raw = former.connect()) {
            assertThat(raw.ask("PING") + raw.ask("WAIT", "1", "10000")).isEqualTo("+PONG:1");
        }
        former.kill9();
        town.promote();
        town.addReplica();
        Processes.await("the sentinel knows the replica", LIMIT, () -> {
            try (RawRedis raw = new RawRedis(sentinel.port())) {
                return raw.ask("SENTINEL", "replicas", "shop").contains("" + town.replica.port());
            }
        });
    }
}

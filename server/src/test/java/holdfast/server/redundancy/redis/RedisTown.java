package holdfast.server.redundancy.redis;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Txn;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import holdfast.server.redundancy.proxy.ProxyConfig;
import holdfast.server.redundancy.proxy.ProxyMetrics;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/// Two real Redis servers of which one follows the other, a proxy, and the keys in a store that a keeper would write.
final class RedisTown implements AutoCloseable {
    static final Duration LIMIT = Duration.ofSeconds(20);

    final Path folder;
    final String service;
    final StoreCluster store;
    final Etcd etcd;
    final Vertx vertx = Vertx.vertx();
    final Metrics metrics = new Metrics();
    final JumpingTicker ticker = new JumpingTicker();
    final Processes processes;
    final RedisProxy proxy;
    final String password;
    TestRedis primary;
    TestRedis replica;
    private int servers;
    private int terms;

    /// This machine's clocks, with a boot time that can be made to jump, as if the process had been frozen.
    static final class JumpingTicker implements Ticker {
        private final AtomicLong jumpedNanos = new AtomicLong();

        void jump(Duration by) {
            jumpedNanos.addAndGet(by.toNanos());
        }

        @Override
        public long nanos() {
            return Ticker.system().nanos();
        }

        @Override
        public long bootNanos() {
            return Ticker.system().bootNanos() + jumpedNanos.get();
        }

        @Override
        public long wallMillis() {
            return Ticker.system().wallMillis();
        }
    }

    /// @param password of the servers; empty for none
    /// @param confirms whether writes wait for the replica
    RedisTown(
            StoreCluster store,
            Path folder,
            String service,
            String password,
            boolean confirms,
            UnaryOperator<ProxyConfig> with)
            throws IOException, InterruptedException {
        this.store = store;
        this.folder = folder;
        this.service = service;
        this.password = password;
        etcd = store.client(0);
        processes = Processes.in(Files.createDirectories(folder.resolve("redis")));
        primary = server();
        replica = server();
        replica.follow(primary);
        if (!password.isEmpty())
            put("secrets", "{\"superuser\":\"default\",\"superuserPassword\":\"" + password + "\"}");
        rule(1, replica);
        announce(replica, "REPLICA");
        lead(true);
        ProxyConfig ports = ProxyConfig.of(service, "127.0.0.1", Processes.freePort(), Processes.freePort());
        proxy = RedisProxy.open(
                vertx,
                etcd,
                RedisProxyConfig.of(with.apply(ports), confirms).withConfirmFor(Duration.ofSeconds(2)),
                ProxyMetrics.ofRedis(metrics),
                ticker);
    }

    TestRedis server() {
        return new TestRedis(processes, folder, "redis" + ++servers, password);
    }

    /// What a member says of itself.
    void announce(TestRedis server, String role) {
        put(
                "members/" + server.name(),
                "{\"host\":\"%s\",\"address\":\"127.0.0.1\",\"port\":%d,\"role\":\"%s\",\"streaming\":%s}"
                        .formatted(server.name(), server.port(), role, role.equals("REPLICA")));
    }

    /// How many of which replicas must have a write.
    void rule(int need, TestRedis... voters) {
        StringBuilder names = new StringBuilder();
        for (TestRedis voter : voters)
            names.append(names.isEmpty() ? "" : ",")
                    .append('"')
                    .append(voter.name())
                    .append('"');
        put("state", "{\"rules\":[{\"voters\":[" + names + "],\"need\":" + need + "}]}");
    }

    /// The primary's key, as its holder writes it.
    void lead(boolean serving) {
        put(
                "leader",
                "{\"host\":\"%s\",\"address\":\"127.0.0.1\",\"port\":%d,\"serving\":%s,\"term\":%d}"
                        .formatted(primary.name(), primary.port(), serving, terms));
        announce(primary, "PRIMARY");
    }

    void put(String key, String value) {
        assertThat(etcd.commit(new Txn().put(Bytes.utf8("/holdfast/redis/" + service + "/" + key), Bytes.utf8(value))))
                .isInstanceOf(Answer.Done.class);
    }

    void delete(String key) {
        assertThat(etcd.commit(new Txn().delete(Bytes.utf8("/holdfast/redis/" + service + "/" + key))))
                .isInstanceOf(Answer.Done.class);
    }

    /// The replica takes the key and is promoted; whatever the former primary is. There is no replica then.
    void promote() {
        delete("leader");
        delete("members/" + primary.name());
        replica.promote();
        primary = replica;
        terms++;
        rule(0);
        lead(true);
    }

    /// A fresh replica.
    void addReplica() {
        replica = server();
        replica.follow(primary);
        rule(1, replica);
        announce(replica, "REPLICA");
    }

    /// A planned change of the primary, as the keeper makes it; the former one follows.
    void switchOver() {
        TestRedis former = primary;
        lead(false);
        Processes.await("clients have left " + former.name(), LIMIT, () -> former.clients() == 0);
        Processes.await("the replica has all", LIMIT, () -> offset(former).equals(offset(replica)));
        promote();
        former.follow(primary);
        replica = former;
        rule(1, replica);
        announce(replica, "REPLICA");
    }

    private static String offset(TestRedis server) {
        return server.ask("INFO", "replication")
                .lines()
                .filter(line -> line.startsWith("master_repl_offset"))
                .findFirst()
                .orElse("");
    }

    RawRedis connect() {
        RawRedis raw = new RawRedis(proxy.writePort());
        if (!password.isEmpty()) assertThat(raw.ask("AUTH", password)).isEqualTo("+OK");
        return raw;
    }

    RawRedis connectToRead() {
        RawRedis raw = new RawRedis(proxy.readPort());
        if (!password.isEmpty()) assertThat(raw.ask("AUTH", password)).isEqualTo("+OK");
        return raw;
    }

    double cuts(String reason) {
        String line = "holdfast_redis_proxy_cuts_total{reason=\"" + reason + "\",service=\"" + service + "\"} ";
        String page = metrics.expose();
        int at = page.indexOf(line);
        return at < 0 ? 0 : Double.parseDouble(page.substring(at + line.length(), page.indexOf('\n', at)));
    }

    @Override
    public void close() throws Exception {
        proxy.close();
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        processes.close();
    }
}

package holdfast.server.healing.redis;

import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import holdfast.server.client.Snapshot;
import holdfast.server.healing.act.ProcessFacts;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.healing.failover.ClusterKeys;
import holdfast.server.healing.failover.Operator;
import holdfast.server.healing.failover.Secrets;
import holdfast.server.ledger.LedgerJson;
import holdfast.server.ledger.LedgerStore;
import holdfast.server.ledger.file.FleetFile;
import holdfast.server.peers.Processes;
import holdfast.server.peers.RealEtcd;
import holdfast.server.postgres.PostgresBinaries;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.opentest4j.TestAbortedException;
import redis.clients.jedis.ClientSetInfoConfig;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;

/// Three hosts of one Redis cluster, each an agent process at a loopback address of its own, over a real etcd.
final class RedisHosts implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int ANSWER_MILLIS = 1_500;
    static final String SERVICE = "cache";

    private final Path folder;
    private final RealEtcd store;
    private final Vertx vertx = Vertx.vertx();
    private final Etcd etcd;
    private final Processes processes;
    private final List<Processes.Running> agents = new ArrayList<>();
    private final int net;
    private final int port;
    private final int writePort;
    private final int sentinelPort;
    private volatile String password = "";
    private int commands;

    private RedisHosts(Path folder, RealEtcd store, String durability) throws IOException {
        this.folder = folder;
        this.store = store;
        this.net = (int) (ProcessHandle.current().pid() % 200) + 20;
        List<Integer> ports = RealEtcd.freePorts(5);
        this.port = ports.get(0);
        this.writePort = ports.get(2);
        this.sentinelPort = ports.get(4);
        this.etcd = Etcd.open(vertx, EtcdConfig.of(Endpoint.parseAll(store.url())), Ticker.system());
        this.processes = Processes.in(Files.createDirectories(folder.resolve("logs")));
        String file = """
                fleet: test
                hosts: {h1: {address: %1$s}, h2: {address: %2$s}, h3: {address: %3$s}}
                services:
                  cache:
                    kind: redis
                    port: %4$d
                    redis:
                      durability: %5$s
                      rest-port: %6$d
                      write-port: %7$d
                      read-port: %8$d
                      sentinel-port: %9$d
                      parameters: {maxmemory: 64mb}
                """.formatted(
                        address(1),
                        address(2),
                        address(3),
                        port,
                        durability,
                        ports.get(1),
                        writePort,
                        ports.get(3),
                        sentinelPort);
        new LedgerStore(etcd).apply(FleetFile.parse("fleet.yaml", file), 0);
        for (int host = 1; host <= 3; host++) agents.add(agent(host));
    }

    /// The test is skipped where neither Redis nor Valkey is installed.
    static RedisHosts start(Path folder, String durability) throws IOException, InterruptedException {
        if (Program.find("", "redis").isEmpty()) {
            throw new TestAbortedException("Redis is not installed: `apt-get install redis-server`");
        }
        PostgresBinaries.letThrough(folder);
        return new RedisHosts(folder, RealEtcd.start(Files.createDirectories(folder.resolve("etcd")), 1), durability);
    }

    private Processes.Running agent(int host) {
        return processes.holdfast(
                "h" + host,
                List.of(
                        "agent",
                        "--host",
                        "h" + host,
                        "--address",
                        address(host),
                        "--port",
                        "0",
                        "--data",
                        folder.resolve("h" + host).toString(),
                        "--store",
                        store.url()));
    }

    String address(int host) {
        return "127.78." + net + "." + host;
    }

    Processes.Running agentOf(int host) {
        return agents.get(host - 1);
    }

    Etcd etcd() {
        return etcd;
    }

    RealEtcd store() {
        return store;
    }

    Operator operator() {
        return new Operator(etcd, ClusterSpec.Kind.REDIS, SERVICE);
    }

    Operator.Cluster cluster() {
        return operator().read() instanceof Answer.Done<Operator.Cluster>(Operator.Cluster cluster)
                ? cluster
                : new Operator.Cluster(null, 0, null, List.of(), List.of(), null);
    }

    /// Number of the host that serves now, 0 for none.
    int primary() {
        Operator.Cluster cluster = cluster();
        return cluster.holder() == null || !cluster.holder().serving()
                ? 0
                : Integer.parseInt(cluster.holder().host().name().substring(1));
    }

    long term() {
        Operator.Cluster cluster = cluster();
        return cluster.state() == null ? 0 : cluster.state().term();
    }

    /// Waits until there is a primary with two replicas that have its history and count.
    void awaitWhole() {
        await("a primary and two replicas", () -> {
            Operator.Cluster cluster = cluster();
            return cluster.holder() != null
                    && cluster.holder().serving()
                    && cluster.state() != null
                    && cluster.members().stream()
                                    .filter(member -> member.streaming()
                                            && member.position().timeline()
                                                    == cluster.state().timeline())
                                    .count()
                            == 2
                    && cluster.state().rules().size() == 1
                    && cluster.state().rules().getFirst().voters().size() == 2;
        });
    }

    void await(String what, BooleanSupplier condition) {
        try {
            Processes.await(what, LIMIT, condition);
        } catch (AssertionError late) {
            throw new AssertionError(late.getMessage() + "\n" + cluster() + "\n" + processes.logs(), late);
        }
    }

    Path data(int host) {
        return folder.resolve("h" + host + "/redis/cache/data");
    }

    /// Pid of a host's server, 0 for none.
    long server(int host) {
        return lives(data(host).resolve("redis.pid"));
    }

    private static long lives(Path file) {
        try {
            long pid = Long.parseLong(Files.readString(file).strip().split(" ", -1)[0]);
            return ProcessFacts.of(pid).filter(facts -> facts.state() != 'Z').isPresent() ? pid : 0;
        } catch (IOException | RuntimeException _) {
            return 0;
        }
    }

    /// A signal to everything that runs on a host.
    void all(int host, ProcessSignal signal) {
        for (long pid : List.of(
                agentOf(host).pid(), lives(folder.resolve("h" + host + "/redis/cache/guard.pid")), server(host))) {
            if (pid != 0) signal.sendTo(pid);
        }
    }

    /// The power is gone.
    void kill(int host) {
        all(host, ProcessSignal.KILL);
        agentOf(host).awaitEnd(LIMIT);
    }

    /// Starts a host's agent again, and waits until it is there.
    void restart(int host) {
        Processes.Running agent = agentOf(host);
        String sign = "Registered h" + host;
        int before = agent.log().split(sign, -1).length;
        agent.restart();
        await("the agent of h" + host, () -> agent.log().split(sign, -1).length > before);
    }

    /// What a command line said and how it ended.
    record Said(int status, String text) {}

    /// Runs `holdfast redis WORDS` to its end.
    Said redis(String... words) {
        List<String> command = new ArrayList<>(List.of("redis"));
        command.addAll(List.of(words));
        command.add("--store=" + store.url());
        Processes.Running running = processes.holdfast("redis" + ++commands, command);
        int status = running.awaitEnd(LIMIT);
        return new Said(status, running.log());
    }

    /// A client of one host's proxy, with patience.
    Jedis connectToProxy(int host) {
        return new Jedis(
                new HostAndPort(address(host), writePort),
                DefaultJedisClientConfig.builder()
                        .resp2()
                        .timeoutMillis((int) LIMIT.toMillis())
                        .password(password())
                        .build());
    }

    /// A client of one host's sentinel.
    Jedis connectToSentinel(int host) {
        return new Jedis(
                new HostAndPort(address(host), sentinelPort),
                DefaultJedisClientConfig.builder().resp2().build());
    }

    int port() {
        return port;
    }

    /// A client of one host's server.
    Jedis connect(int host) {
        return new Jedis(
                new HostAndPort(address(host), port),
                DefaultJedisClientConfig.builder()
                        .resp2()
                        .connectionTimeoutMillis(ANSWER_MILLIS)
                        .socketTimeoutMillis(ANSWER_MILLIS)
                        .clientSetInfoConfig(ClientSetInfoConfig.DISABLED)
                        .password(password())
                        .build());
    }

    private String password() {
        if (password.isEmpty()
                && etcd.get(new ClusterKeys(ClusterSpec.Kind.REDIS, SERVICE).secrets())
                        instanceof Answer.Done<Snapshot>(Snapshot found)
                && found.first().isPresent()) {
            password = LedgerJson.read(found.first().get().value(), Secrets.class)
                    .orElseThrow()
                    .superuserPassword();
        }
        return password;
    }

    @Override
    public void close() {
        for (int host = 1; host <= 3; host++) all(host, ProcessSignal.KILL);
        processes.close();
        etcd.close();
        store.close();
        vertx.close();
    }
}

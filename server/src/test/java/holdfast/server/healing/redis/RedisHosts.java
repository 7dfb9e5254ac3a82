package holdfast.server.healing.redis;

import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.server.healing.failover.ClusterHosts;
import holdfast.server.peers.RealEtcd;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.opentest4j.TestAbortedException;
import redis.clients.jedis.ClientSetInfoConfig;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;

/// Three hosts of the Redis cluster `cache`.
final class RedisHosts extends ClusterHosts {
    private static final int ANSWER_MILLIS = 1_500;

    private final int port;
    private final int writePort;
    private final int sentinelPort;

    private RedisHosts(Path folder, String durability) throws IOException, InterruptedException {
        super(folder, ClusterSpec.Kind.REDIS, "cache", 78);
        List<Integer> ports = RealEtcd.freePorts(5);
        this.port = ports.get(0);
        this.writePort = ports.get(2);
        this.sentinelPort = ports.get(4);
        begin("""
                    kind: redis
                    port: %d
                    redis:
                      durability: %s
                      rest-port: %d
                      write-port: %d
                      read-port: %d
                      sentinel-port: %d
                      parameters: {maxmemory: 64mb}
                """.formatted(port, durability, ports.get(1), writePort, ports.get(3), sentinelPort));
    }

    /// The test is skipped where neither Redis nor Valkey is installed.
    static RedisHosts start(Path folder, String durability) throws IOException, InterruptedException {
        if (Program.find("", "redis").isEmpty()) {
            throw new TestAbortedException("Redis is not installed: `apt-get install redis-server`");
        }
        return new RedisHosts(folder, durability);
    }

    @Override
    public long server(int host) {
        return lives(data(host).resolve("redis.pid"));
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
}

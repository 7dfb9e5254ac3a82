package holdfast.server.healing.redis;

import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.server.healing.failover.ClusterHosts;
import holdfast.server.healing.failover.Writers;
import holdfast.server.peers.RealEtcd;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.opentest4j.TestAbortedException;
import redis.clients.jedis.ClientSetInfoConfig;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;

/// Three hosts of the Redis cluster `cache`.
final class RedisHosts extends ClusterHosts {
    private static final int ANSWER_MILLIS = 1_500;
    private static final int WAIT_MILLIS = 1_000;

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

    @Override
    protected List<Writers.Way> ways() {
        return List.of(
                new Members(this, "safe", false, true),
                new Members(this, "plain", false, false),
                new Members(this, "proxied", true, false));
    }

    /// Members of a set.
    ///
    /// @param proxied through the host's proxy, which is believed; else straight to the server
    /// @param waits each write is followed by `WAIT 1`, and counts when a replica has it
    private record Members(RedisHosts hosts, String set, boolean proxied, boolean waits) implements Writers.Way {
        @Override
        public boolean lasts() {
            return proxied || waits;
        }

        @Override
        public Writers.Pen open(int host) throws IOException {
            try {
                return new Adder(proxied ? hosts.connectToProxy(host) : hosts.connect(host), set, waits);
            } catch (JedisException failed) {
                throw new IOException(failed);
            }
        }

        @Override
        public Set<Long> read(int host) throws IOException {
            try (Jedis jedis = hosts.connect(host)) {
                return jedis.smembers(set).stream().map(Long::valueOf).collect(Collectors.toSet());
            } catch (JedisException failed) {
                throw new IOException(failed);
            }
        }
    }

    private record Adder(Jedis jedis, String set, boolean waits) implements Writers.Pen {
        @Override
        public boolean write(long number) throws IOException {
            try {
                jedis.sadd(set, Long.toString(number));
                return !waits || jedis.waitReplicas(1, WAIT_MILLIS) >= 1;
            } catch (JedisDataException _) {
                return false; // a replica
            } catch (JedisException failed) {
                throw new IOException(failed);
            }
        }

        @Override
        public void close() {
            jedis.close();
        }
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

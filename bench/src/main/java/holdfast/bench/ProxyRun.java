package holdfast.bench;

import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import holdfast.server.redundancy.postgres.PostgresProxy;
import holdfast.server.redundancy.proxy.ProxyConfig;
import holdfast.server.redundancy.proxy.ProxyMetrics;
import holdfast.server.redundancy.redis.RedisProxy;
import holdfast.server.redundancy.redis.RedisProxyConfig;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.concurrent.CountDownLatch;

/// A proxy alone, as it runs in an agent: `ProxyRun STORE SERVICE WRITE-PORT READ-PORT postgres|redis|redis-confirmed`.
/// Until it is killed.
public final class ProxyRun {
    private ProxyRun() {}

    public static void main(String[] arguments) throws Exception {
        Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
        Etcd etcd = Etcd.open(vertx, EtcdConfig.of(Endpoint.parseAll(arguments[0])), Ticker.system());
        int writePort = Integer.parseInt(arguments[2]);
        int readPort = Integer.parseInt(arguments[3]);
        ProxyConfig config = ProxyConfig.of(arguments[1], "127.0.0.1", writePort, readPort);
        try (AutoCloseable _ = open(arguments[4], vertx, etcd, config)) {
            new CountDownLatch(1).await();
        }
    }

    private static AutoCloseable open(String kind, Vertx vertx, Etcd etcd, ProxyConfig config) throws Exception {
        Metrics metrics = new Metrics();
        if (kind.equals("postgres")) {
            return PostgresProxy.open(vertx, etcd, config, ProxyMetrics.ofPostgres(metrics), Ticker.system());
        }
        RedisProxyConfig redis = RedisProxyConfig.of(config, kind.equals("redis-confirmed"));
        return RedisProxy.open(vertx, etcd, redis, ProxyMetrics.ofRedis(metrics), Ticker.system());
    }
}

package holdfast.server.redundancy.redis;

import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import holdfast.server.redundancy.proxy.Proxy;
import holdfast.server.redundancy.proxy.ProxyMetrics;
import io.vertx.core.Vertx;
import java.io.IOException;

/// Two ports of this host that lead to a Redis service: one to its primary, wherever that is, one to its replicas. A
/// client between commands sees a change of the primary as a pause.
public final class RedisProxy implements AutoCloseable {
    private final Proxy proxy;

    private RedisProxy(Proxy proxy) {
        this.proxy = proxy;
    }

    /// Listens on both ports. Waits, so not on an event loop.
    ///
    /// @param metrics of all Redis proxies of this process
    /// @throws IOException when a port is taken
    public static RedisProxy open(Vertx vertx, Etcd etcd, RedisProxyConfig config, ProxyMetrics metrics, Ticker ticker)
            throws IOException, InterruptedException {
        Proxy proxy = new Proxy(vertx, etcd, "redis", config.ports(), metrics, ticker, _ -> {});
        proxy.listen((desk, client, reads) -> new Session(config, desk, client, reads));
        return new RedisProxy(proxy);
    }

    /// Where sessions for the primary are taken.
    public int writePort() {
        return proxy.writePort();
    }

    /// Where sessions for replicas are taken.
    public int readPort() {
        return proxy.readPort();
    }

    /// Ends every session.
    @Override
    public void close() {
        proxy.close();
    }
}

package holdfast.server.redundancy.postgres;

import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import holdfast.server.redundancy.proxy.Proxy;
import holdfast.server.redundancy.proxy.ProxyConfig;
import holdfast.server.redundancy.proxy.ProxyMetrics;
import holdfast.server.redundancy.proxy.View;
import io.vertx.core.Vertx;
import java.io.IOException;

/// Two ports of this host that lead to a PostgreSQL service: one to its primary, wherever that is, one to its
/// replicas. A client between transactions sees a change of the primary as a pause.
public final class PostgresProxy implements AutoCloseable {
    private final Proxy proxy;
    private final Verifiers verifiers;

    private PostgresProxy(Vertx vertx, Etcd etcd, ProxyConfig config, ProxyMetrics metrics, Ticker ticker) {
        this.verifiers = new Verifiers(this::view, ticker);
        this.proxy = new Proxy(vertx, etcd, "postgres", config, metrics, ticker, this::told);
    }

    private View view() {
        return proxy.view();
    }

    private void told(View view) {
        if (!view.serving()) Threads.start("proxy leaves the primary", verifiers::disconnect); // it may wait
    }

    /// Listens on both ports. Waits, so not on an event loop.
    ///
    /// @param metrics of all PostgreSQL proxies of this process
    /// @throws IOException when a port is taken
    public static PostgresProxy open(Vertx vertx, Etcd etcd, ProxyConfig config, ProxyMetrics metrics, Ticker ticker)
            throws IOException, InterruptedException {
        PostgresProxy proxy = new PostgresProxy(vertx, etcd, config, metrics, ticker);
        try {
            Front front = new Front(proxy.verifiers, new Keys());
            proxy.proxy.listen((desk, client, reads) -> new Login(front, desk, client, reads));
            return proxy;
        } catch (IOException | InterruptedException | RuntimeException failed) {
            proxy.verifiers.close();
            throw failed;
        }
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
        verifiers.close();
    }
}

package holdfast.bench;

import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import holdfast.server.redundancy.proxy.PostgresProxy;
import holdfast.server.redundancy.proxy.ProxyConfig;
import holdfast.server.redundancy.proxy.ProxyMetrics;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.concurrent.CountDownLatch;

/// The proxy alone, as it runs in an agent: `ProxyRun STORE SERVICE WRITE-PORT READ-PORT`. Until it is killed.
public final class ProxyRun {
    private ProxyRun() {}

    public static void main(String[] arguments) throws Exception {
        Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
        Etcd etcd = Etcd.open(vertx, EtcdConfig.of(Endpoint.parseAll(arguments[0])), Ticker.system());
        int writePort = Integer.parseInt(arguments[2]);
        int readPort = Integer.parseInt(arguments[3]);
        ProxyConfig config = ProxyConfig.of(arguments[1], "127.0.0.1", writePort, readPort);
        try (PostgresProxy _ = PostgresProxy.open(vertx, etcd, config, new ProxyMetrics(new Metrics()), Ticker.system())) {
            new CountDownLatch(1).await();
        }
    }
}

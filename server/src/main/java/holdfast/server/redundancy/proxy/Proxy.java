package holdfast.server.redundancy.proxy;

import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Two ports of this host that lead to a service: one to its primary, wherever that is, one to its replicas.
public final class Proxy implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Proxy.class);
    private static final long LIMIT_SECONDS = 10;

    private final Vertx vertx;
    private final ProxyConfig config;
    private final ProxyMetrics metrics;
    private final Ticker ticker;
    private final Consumer<View> also;
    private final ServiceWatch watch;
    private final List<Desk> desks = new CopyOnWriteArrayList<>();
    private String deployment = "";
    private int writePort;
    private int readPort;

    /// Follows the service, and does not listen yet.
    ///
    /// @param kind first part of the service's keys, such as `postgres`
    /// @param metrics of all proxies of this kind in this process
    /// @param also told of each view after the desks, on a thread of ours; must not wait
    public Proxy(
            Vertx vertx,
            Etcd etcd,
            String kind,
            ProxyConfig config,
            ProxyMetrics metrics,
            Ticker ticker,
            Consumer<View> also) {
        this.vertx = vertx;
        this.config = config;
        this.metrics = metrics;
        this.ticker = ticker;
        this.also = also;
        this.watch = new ServiceWatch(etcd, kind, config.service(), ticker, this::tell);
    }

    private void tell(View view) {
        for (Desk desk : desks) desk.tell(view);
        also.accept(view);
    }

    public View view() {
        return watch.view();
    }

    /// Listens on both ports. Waits, so not on an event loop. Called once.
    ///
    /// @throws IOException when a port is taken; the proxy is closed then
    public void listen(Reception reception) throws IOException, InterruptedException {
        try {
            Shared shared = new Shared(config, metrics, ticker, watch, reception, new AtomicInteger());
            boolean anyPort = config.writePort() == 0 || config.readPort() == 0; // several would each get another
            List<Desk> opened = new CopyOnWriteArrayList<>();
            deployment = await(vertx.deployVerticle(
                    () -> {
                        Desk desk = new Desk(shared);
                        opened.add(desk);
                        return desk;
                    },
                    new DeploymentOptions().setInstances(anyPort ? 1 : config.loops())));
            desks.addAll(opened);
            for (Desk desk : opened) {
                desk.tell(watch.view());
                writePort = desk.boundWritePort();
                readPort = desk.boundReadPort();
            }
        } catch (IOException | InterruptedException | RuntimeException failed) {
            close();
            throw failed;
        }
    }

    private static <T> T await(Future<T> future) throws IOException, InterruptedException {
        try {
            return future.toCompletionStage().toCompletableFuture().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException failed) {
            throw new IOException("the proxy cannot listen: " + failed.getMessage(), failed);
        }
    }

    /// Where sessions for the primary are taken.
    public int writePort() {
        return writePort;
    }

    /// Where sessions for replicas are taken.
    public int readPort() {
        return readPort;
    }

    /// Ends every session.
    @Override
    public void close() {
        try {
            if (!deployment.isEmpty()) await(vertx.undeploy(deployment));
        } catch (IOException failed) {
            LOG.warn("The proxy did not close: {}", failed.getMessage());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        watch.close();
    }
}

package holdfast.server.redundancy.proxy;

import holdfast.server.base.Threads;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Two ports of this host that lead to a PostgreSQL service: one to its primary, wherever that is, one to its
/// replicas. A client between transactions sees a change of the primary as a pause.
public final class PostgresProxy implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresProxy.class);
    private static final long LIMIT_SECONDS = 10;

    private final Vertx vertx;
    private final ServiceWatch watch;
    private final Verifiers verifiers;
    private final List<Desk> desks = new CopyOnWriteArrayList<>();
    private String deployment = "";
    private int writePort;
    private int readPort;

    private PostgresProxy(Vertx vertx, Etcd etcd, ProxyConfig config, Ticker ticker) {
        this.vertx = vertx;
        this.verifiers = new Verifiers(this::view, ticker);
        this.watch = new ServiceWatch(etcd, config.service(), this::tell);
    }

    private View view() {
        return watch.view();
    }

    private void tell(View view) {
        for (Desk desk : desks) desk.tell(view);
        if (!view.serving()) Threads.start("proxy leaves the primary", verifiers::disconnect); // it may wait
    }

    /// Listens on both ports. Waits, so not on an event loop.
    ///
    /// @param metrics of all proxies of this process
    /// @throws IOException when a port is taken
    public static PostgresProxy open(Vertx vertx, Etcd etcd, ProxyConfig config, ProxyMetrics metrics, Ticker ticker)
            throws IOException, InterruptedException {
        PostgresProxy proxy = new PostgresProxy(vertx, etcd, config, ticker);
        try {
            Shared shared =
                    new Shared(config, metrics, ticker, proxy.watch, proxy.verifiers, new Keys(), new AtomicInteger());
            proxy.listen(shared);
            return proxy;
        } catch (IOException | InterruptedException | RuntimeException failed) {
            proxy.close();
            throw failed;
        }
    }

    private void listen(Shared shared) throws IOException, InterruptedException {
        ProxyConfig config = shared.config();
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
        verifiers.close();
    }
}

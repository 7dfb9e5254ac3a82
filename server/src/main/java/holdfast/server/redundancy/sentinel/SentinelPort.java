package holdfast.server.redundancy.sentinel;

import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Speaks Sentinel's protocol for this host: where the primaries of Redis services are, and when they move.
public final class SentinelPort implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SentinelPort.class);
    private static final long LIMIT_SECONDS = 10;

    private final Vertx vertx;
    private final Hall hall;
    private final String deployment;

    private SentinelPort(Vertx vertx, Hall hall, String deployment) {
        this.vertx = vertx;
        this.hall = hall;
        this.deployment = deployment;
    }

    /// Listens. Waits, so not on an event loop.
    ///
    /// @param watched services that are told of
    /// @param failOver called with the name of a service that a client wants failed over; may wait
    /// @throws IOException when the port is taken
    public static SentinelPort open(
            Vertx vertx,
            Etcd etcd,
            SentinelConfig config,
            List<Watched> watched,
            Consumer<String> failOver,
            Ticker ticker)
            throws IOException, InterruptedException {
        Hall hall = new Hall(etcd, config, watched, failOver, ticker);
        String deployment = await(vertx.deployVerticle(hall, new DeploymentOptions()));
        return new SentinelPort(vertx, hall, deployment);
    }

    private static <T> T await(Future<T> future) throws IOException, InterruptedException {
        try {
            return future.toCompletionStage().toCompletableFuture().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException failed) {
            throw new IOException("the sentinel cannot listen: " + failed.getMessage(), failed);
        }
    }

    /// Other services are told of from now on. Nobody's connection ends.
    public void watch(List<Watched> wanted) {
        hall.watch(wanted);
    }

    public int port() {
        return hall.port();
    }

    @Override
    public void close() {
        try {
            await(vertx.undeploy(deployment));
        } catch (IOException failed) {
            LOG.warn("The sentinel did not close: {}", failed.getMessage());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}

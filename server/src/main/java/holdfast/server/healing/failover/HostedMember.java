package holdfast.server.healing.failover;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// This host's member of one cluster: its keeper, its guard, its health endpoints. Any thread.
public final class HostedMember implements AutoCloseable {
    private static final long LISTEN_LIMIT_SECONDS = 10;

    private final Keeper keeper;
    private final Peers peers;
    private final @Nullable HttpServer rest;

    private HostedMember(Keeper keeper, Peers peers, @Nullable HttpServer rest) {
        this.keeper = keeper;
        this.peers = peers;
        this.rest = rest;
    }

    /// Where a member lives.
    ///
    /// @param address under which others reach this host
    /// @param folder of the agent; each cluster gets one below
    public record Place(NodeId host, String address, Path folder) {}

    /// Makes the engine of a member.
    @FunctionalInterface
    public interface EngineMaker {
        /// @param notes our own folder for this cluster
        /// @param tag in the environment of the server, for the guard
        Engine make(Path notes, String tag) throws IOException;
    }

    /// @throws IOException when no guard can run, the folder cannot be made or the port of the health endpoints is
    /// taken
    public static HostedMember open(
            ClusterSpec spec, Place place, EngineMaker maker, Etcd etcd, Vertx vertx, Ticker ticker)
            throws IOException {
        Path notes = place.folder().resolve(spec.kind().key()).resolve(spec.name());
        Files.createDirectories(notes);
        Files.setPosixFilePermissions(notes, PosixFilePermissions.fromString("rwx--x--x"));
        String tag = ":" + spec.kind().key() + "-" + UUID.randomUUID() + ":";
        Engine engine = maker.make(notes, tag);
        Peers peers = new Peers();
        try {
            Enforcer enforcer = Enforcer.open(spec, place.host(), tag, notes, peers, ticker);
            RoleChanges roles = new RoleChanges(spec, place, notes, RoleChanges.LIMIT);
            Keeper keeper = new Keeper(spec, place, etcd, engine, enforcer, roles, ticker);
            HttpServer rest = null;
            try {
                if (spec.restPort() != 0) {
                    rest = listen(vertx, spec.restPort(), place, new Rest(keeper::view, enforcer::promise));
                }
            } catch (IOException failed) {
                keeper.close();
                throw failed;
            }
            return new HostedMember(keeper, peers, rest);
        } catch (IOException failed) {
            peers.close();
            throw failed;
        }
    }

    private static HttpServer listen(Vertx vertx, int port, Place place, Rest rest) throws IOException {
        try {
            return vertx.createHttpServer()
                    .requestHandler(rest)
                    .listen(port, listenOn(place.address(), "0.0.0.0"))
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(LISTEN_LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException failed) {
            throw new IOException("cannot listen on port " + port + ": " + failed.getMessage(), failed);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", stopped);
        }
    }

    /// Several hosts' members may run on one machine at loopback addresses of their own.
    ///
    /// @param everywhere what means all addresses of this host
    public static String listenOn(String address, String everywhere) {
        return address.startsWith("127.") ? address : everywhere;
    }

    /// Leaves the server running, until its guard ends it or the next agent takes it over.
    @Override
    public void close() {
        if (rest != null) rest.close();
        keeper.close();
        peers.close();
    }
}

package holdfast.server.healing.postgres;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.PostgresSpec;
import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import holdfast.server.redundancy.proxy.PostgresProxy;
import holdfast.server.redundancy.proxy.ProxyConfig;
import holdfast.server.redundancy.proxy.ProxyMetrics;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// This host's members of all PostgreSQL clusters of the fleet, and its proxies to them. Any thread.
public final class Keepers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Keepers.class);
    private static final long LISTEN_LIMIT_SECONDS = 10;

    private final NodeId me;
    private final String address;
    private final Path folder;
    private final Etcd etcd;
    private final Vertx vertx;
    private final ProxyMetrics proxyMetrics;
    private final Ticker ticker;
    private final SortedMap<String, Running> running = new TreeMap<>(); // under `this`
    private final SortedMap<String, Proxied> proxied = new TreeMap<>(); // under `this`
    private boolean closed; // under `this`

    /// @param address under which others reach this host
    /// @param folder of the agent; each cluster gets one below
    public Keepers(NodeId me, String address, Path folder, Etcd etcd, Vertx vertx, Metrics metrics, Ticker ticker) {
        this.me = me;
        this.address = address;
        this.folder = folder;
        this.etcd = etcd;
        this.vertx = vertx;
        this.proxyMetrics = new ProxyMetrics(metrics);
        this.ticker = ticker;
    }

    private record Proxied(int writePort, int readPort, PostgresProxy proxy) {}

    private record Running(
            PostgresSpec spec,
            Keeper keeper,
            Peers peers,
            @Nullable HttpServer rest) {
        void close() {
            if (rest != null) rest.close();
            keeper.close();
            peers.close();
        }
    }

    /// Starts what the fleet has for this host, and lets go of what it has no longer; a server that runs goes on until
    /// its
    /// lease ends.
    public synchronized void learned(@Nullable Fleet fleet) {
        if (closed || fleet == null) return;
        keepMembers(fleet);
        keepProxies(fleet);
    }

    private void keepMembers(Fleet fleet) {
        SortedMap<String, PostgresSpec> wanted = new TreeMap<>();
        for (PostgresSpec spec : fleet.postgres()) {
            if (spec.hosts().isEmpty() || spec.hosts().contains(me)) wanted.put(spec.name(), spec);
        }
        running.entrySet().removeIf(one -> {
            boolean stays = one.getValue().spec().equals(wanted.get(one.getKey()));
            if (!stays) one.getValue().close();
            return !stays;
        });
        wanted.forEach((name, spec) -> {
            if (!running.containsKey(name)) start(spec).ifPresent(one -> running.put(name, one));
        });
    }

    /// Every host has the ports, whether it has a member or not.
    private void keepProxies(Fleet fleet) {
        SortedMap<String, PostgresSpec> wanted = new TreeMap<>();
        for (PostgresSpec spec : fleet.postgres()) if (spec.writePort() != 0) wanted.put(spec.name(), spec);
        proxied.entrySet().removeIf(one -> {
            PostgresSpec spec = wanted.get(one.getKey());
            Proxied now = one.getValue();
            boolean stays = spec != null && spec.writePort() == now.writePort() && spec.readPort() == now.readPort();
            if (!stays) now.proxy().close();
            return !stays;
        });
        wanted.forEach((name, spec) -> {
            if (!proxied.containsKey(name)) proxy(spec).ifPresent(one -> proxied.put(name, one));
        });
    }

    private Optional<Proxied> proxy(PostgresSpec spec) {
        ProxyConfig config =
                ProxyConfig.of(spec.name(), Conf.listen(address, "0.0.0.0"), spec.writePort(), spec.readPort());
        try {
            PostgresProxy proxy = PostgresProxy.open(vertx, etcd, config, proxyMetrics, ticker);
            return Optional.of(new Proxied(spec.writePort(), spec.readPort(), proxy));
        } catch (IOException failed) {
            LOG.error("{}: no proxy here: {}", spec.name(), failed.getMessage());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        return Optional.empty();
    }

    private Optional<Running> start(PostgresSpec spec) {
        Optional<Programs> programs = Programs.find(spec.bin(), spec.user());
        if (programs.isEmpty()) {
            LOG.error(
                    "{}: no PostgreSQL in {}: nothing is run here.",
                    spec.name(),
                    spec.bin().isEmpty() ? "/usr/lib/postgresql/*/bin" : spec.bin());
            return Optional.empty();
        }
        Peers peers = new Peers();
        try {
            Path notes = folder.resolve("postgresql").resolve(spec.name());
            Files.createDirectories(notes);
            Files.setPosixFilePermissions(notes, PosixFilePermissions.fromString("rwx--x--x"));
            String tag = ":postgresql-" + UUID.randomUUID() + ":";
            Enforcer enforcer = Enforcer.open(spec, me, tag, notes, peers, ticker);
            Server server = new Server(spec, me, address, programs.get(), notes, tag, ticker);
            Keeper keeper = new Keeper(spec, me, address, etcd, server, enforcer, ticker);
            HttpServer rest = spec.restPort() == 0 ? null : listen(spec, new Rest(keeper::view, enforcer::promise));
            return Optional.of(new Running(spec, keeper, peers, rest));
        } catch (IOException failed) {
            peers.close();
            LOG.error("{}: nothing is run here: {}", spec.name(), failed.getMessage());
            return Optional.empty();
        }
    }

    private HttpServer listen(PostgresSpec spec, Rest rest) throws IOException {
        try {
            return vertx.createHttpServer()
                    .requestHandler(rest)
                    .listen(spec.restPort(), Conf.listen(address, "0.0.0.0"))
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(LISTEN_LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException failed) {
            throw new IOException("cannot listen on port " + spec.restPort() + ": " + failed.getMessage(), failed);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", stopped);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        running.values().forEach(Running::close);
        running.clear();
        proxied.values().forEach(one -> one.proxy().close());
        proxied.clear();
    }
}

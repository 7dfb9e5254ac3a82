package holdfast.server.healing.agent;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.PostgresSpec;
import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import holdfast.server.healing.failover.HostedMember;
import holdfast.server.healing.postgres.PostgresEngine;
import holdfast.server.redundancy.postgres.PostgresProxy;
import holdfast.server.redundancy.proxy.ProxyConfig;
import holdfast.server.redundancy.proxy.ProxyMetrics;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// This host's members of all PostgreSQL clusters of the fleet, and its proxies to them. Any thread.
final class Keepers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Keepers.class);

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
    Keepers(NodeId me, String address, Path folder, Etcd etcd, Vertx vertx, Metrics metrics, Ticker ticker) {
        this.me = me;
        this.address = address;
        this.folder = folder;
        this.etcd = etcd;
        this.vertx = vertx;
        this.proxyMetrics = ProxyMetrics.ofPostgres(metrics);
        this.ticker = ticker;
    }

    private record Proxied(int writePort, int readPort, PostgresProxy proxy) {}

    private record Running(PostgresSpec spec, HostedMember member) {}

    /// Starts what the fleet has for this host, and lets go of what it has no longer; a server that runs goes on until
    /// its
    /// lease ends.
    synchronized void learned(@Nullable Fleet fleet) {
        if (closed || fleet == null) return;
        keepMembers(fleet);
        keepProxies(fleet);
    }

    private void keepMembers(Fleet fleet) {
        SortedMap<String, PostgresSpec> wanted = new TreeMap<>();
        for (PostgresSpec spec : fleet.postgres()) {
            if (spec.cluster().hosts().isEmpty() || spec.cluster().hosts().contains(me)) wanted.put(spec.name(), spec);
        }
        running.entrySet().removeIf(one -> {
            boolean stays = one.getValue().spec().equals(wanted.get(one.getKey()));
            if (!stays) one.getValue().member().close();
            return !stays;
        });
        wanted.forEach((name, spec) -> {
            if (!running.containsKey(name)) start(spec).ifPresent(one -> running.put(name, one));
        });
    }

    /// Every host has the ports, whether it has a member or not.
    private void keepProxies(Fleet fleet) {
        SortedMap<String, PostgresSpec> wanted = new TreeMap<>();
        for (PostgresSpec spec : fleet.postgres()) if (spec.cluster().writePort() != 0) wanted.put(spec.name(), spec);
        proxied.entrySet().removeIf(one -> {
            PostgresSpec spec = wanted.get(one.getKey());
            Proxied now = one.getValue();
            boolean stays = spec != null
                    && spec.cluster().writePort() == now.writePort()
                    && spec.cluster().readPort() == now.readPort();
            if (!stays) now.proxy().close();
            return !stays;
        });
        wanted.forEach((name, spec) -> {
            if (!proxied.containsKey(name)) proxy(spec).ifPresent(one -> proxied.put(name, one));
        });
    }

    private Optional<Proxied> proxy(PostgresSpec spec) {
        ProxyConfig config = ProxyConfig.of(
                spec.name(),
                HostedMember.listenOn(address, "0.0.0.0"),
                spec.cluster().writePort(),
                spec.cluster().readPort());
        try {
            PostgresProxy proxy = PostgresProxy.open(vertx, etcd, config, proxyMetrics, ticker);
            return Optional.of(
                    new Proxied(spec.cluster().writePort(), spec.cluster().readPort(), proxy));
        } catch (IOException failed) {
            LOG.error("{}: no proxy here: {}", spec.name(), failed.getMessage());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        return Optional.empty();
    }

    private Optional<Running> start(PostgresSpec spec) {
        try {
            HostedMember.Place place = new HostedMember.Place(me, address, folder);
            return Optional.of(new Running(
                    spec,
                    HostedMember.open(
                            spec.cluster(),
                            place,
                            (notes, tag) -> PostgresEngine.open(spec, place, notes, tag, ticker),
                            etcd,
                            vertx,
                            ticker)));
        } catch (IOException failed) {
            LOG.error("{}: nothing is run here: {}", spec.name(), failed.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        running.values().forEach(one -> one.member().close());
        running.clear();
        proxied.values().forEach(one -> one.proxy().close());
        proxied.clear();
    }
}

package holdfast.server.healing.agent;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.HostSpec;
import holdfast.core.healing.fleet.PostgresSpec;
import holdfast.core.healing.fleet.RedisSpec;
import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import holdfast.server.healing.failover.Engine;
import holdfast.server.healing.failover.HostedMember;
import holdfast.server.healing.postgres.PostgresEngine;
import holdfast.server.healing.redis.RedisEngine;
import holdfast.server.redundancy.postgres.PostgresProxy;
import holdfast.server.redundancy.proxy.ProxyConfig;
import holdfast.server.redundancy.proxy.ProxyMetrics;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// This host's members of all clusters of the fleet, and its proxies to them. Any thread.
final class Keepers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Keepers.class);

    private final NodeId me;
    private final String address;
    private final Path folder;
    private final Etcd etcd;
    private final Vertx vertx;
    private final ProxyMetrics proxyMetrics;
    private final RedisPorts redisPorts;
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
        this.redisPorts = new RedisPorts(me, address, etcd, vertx, metrics, ticker);
        this.ticker = ticker;
    }

    private record Proxied(int writePort, int readPort, PostgresProxy proxy) {}

    /// @param spec of its kind: when that changes, the member is opened anew
    private record Running(Object spec, HostedMember member) {}

    /// What is to run here.
    private record Wanted(Object spec, ClusterSpec cluster, Engines engines) {}

    /// Makes the engine of a member of one kind.
    @FunctionalInterface
    private interface Engines {
        Engine open(HostedMember.Place place, Path notes, String tag) throws IOException;
    }

    /// Starts what the fleet has for this host, and lets go of what it has no longer; a server that runs goes on until
    /// its
    /// lease ends.
    synchronized void learned(@Nullable Fleet fleet) {
        if (closed || fleet == null) return;
        keepMembers(fleet);
        keepProxies(fleet);
        redisPorts.learned(fleet);
    }

    private void keepMembers(Fleet fleet) {
        SortedMap<String, Wanted> wanted = wanted(fleet);
        running.entrySet().removeIf(one -> {
            Wanted now = wanted.get(one.getKey());
            boolean stays = now != null && one.getValue().spec().equals(now.spec());
            if (!stays) one.getValue().member().close();
            return !stays;
        });
        wanted.forEach((name, spec) -> {
            if (!running.containsKey(name)) start(spec).ifPresent(one -> running.put(name, one));
        });
    }

    private SortedMap<String, Wanted> wanted(Fleet fleet) {
        List<NodeId> hosts = fleet.hosts().stream().map(HostSpec::name).toList();
        SortedMap<String, Wanted> wanted = new TreeMap<>();
        for (PostgresSpec one : fleet.postgres()) {
            PostgresSpec spec = one.on(hosts);
            Engines engines = (place, notes, tag) -> PostgresEngine.open(spec, place, notes, tag, ticker);
            wanted.put(spec.name(), new Wanted(spec, spec.cluster(), engines));
        }
        for (RedisSpec one : fleet.redis()) {
            RedisSpec spec = one.on(hosts);
            Engines engines = (place, notes, tag) -> RedisEngine.open(spec, place, notes, tag, ticker);
            wanted.put(spec.name(), new Wanted(spec, spec.cluster(), engines));
        }
        wanted.values().removeIf(one -> !one.cluster().hosts().contains(me));
        return wanted;
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

    private Optional<Running> start(Wanted wanted) {
        try {
            HostedMember.Place place = new HostedMember.Place(me, address, folder);
            return Optional.of(new Running(
                    wanted.spec(),
                    HostedMember.open(
                            wanted.cluster(),
                            place,
                            (notes, tag) -> wanted.engines().open(place, notes, tag),
                            etcd,
                            vertx,
                            ticker)));
        } catch (IOException failed) {
            LOG.error("{}: nothing is run here: {}", wanted.cluster().name(), failed.getMessage());
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
        redisPorts.close();
    }
}

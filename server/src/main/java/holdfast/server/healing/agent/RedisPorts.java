package holdfast.server.healing.agent;

import holdfast.core.base.NodeId;
import holdfast.core.base.Outcome;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.RedisSpec;
import holdfast.core.healing.recover.failover.Wish;
import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import holdfast.server.healing.failover.HostedMember;
import holdfast.server.healing.failover.Operator;
import holdfast.server.redundancy.proxy.ProxyConfig;
import holdfast.server.redundancy.proxy.ProxyMetrics;
import holdfast.server.redundancy.redis.RedisProxy;
import holdfast.server.redundancy.redis.RedisProxyConfig;
import holdfast.server.redundancy.sentinel.SentinelConfig;
import holdfast.server.redundancy.sentinel.SentinelPort;
import holdfast.server.redundancy.sentinel.Watched;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// This host's ports for clients of the fleet's Redis services: a proxy for each that wants one, and sentinels, one for
/// each port that is named. Every host has them, whether it has a member or not. Any thread.
final class RedisPorts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RedisPorts.class);

    private final NodeId me;
    private final String address;
    private final Etcd etcd;
    private final Vertx vertx;
    private final ProxyMetrics metrics;
    private final Ticker ticker;
    private final SortedMap<String, Proxied> proxies = new TreeMap<>(); // under `this`
    private final SortedMap<Integer, SentinelPort> sentinels = new TreeMap<>(); // under `this`
    private boolean closed; // under `this`

    /// @param address under which others reach this host
    RedisPorts(NodeId me, String address, Etcd etcd, Vertx vertx, Metrics metrics, Ticker ticker) {
        this.me = me;
        this.address = address;
        this.etcd = etcd;
        this.vertx = vertx;
        this.metrics = ProxyMetrics.ofRedis(metrics);
        this.ticker = ticker;
    }

    private record Proxied(RedisProxyConfig config, RedisProxy proxy) {}

    private String listenOn() {
        return HostedMember.listenOn(address, "0.0.0.0");
    }

    /// Opens what the fleet has, and closes what it has no longer.
    synchronized void learned(Fleet fleet) {
        if (closed) return;
        keepProxies(fleet);
        keepSentinels(fleet);
    }

    private void keepProxies(Fleet fleet) {
        SortedMap<String, RedisProxyConfig> wanted = new TreeMap<>();
        for (RedisSpec spec : fleet.redis()) {
            ClusterSpec cluster = spec.cluster();
            if (cluster.writePort() == 0) continue;
            ProxyConfig ports = ProxyConfig.of(spec.name(), listenOn(), cluster.writePort(), cluster.readPort());
            boolean confirms = cluster.durability() != ClusterSpec.Durability.ASYNC;
            wanted.put(spec.name(), RedisProxyConfig.of(ports, confirms));
        }
        proxies.entrySet().removeIf(one -> {
            boolean stays = one.getValue().config().equals(wanted.get(one.getKey()));
            if (!stays) one.getValue().proxy().close();
            return !stays;
        });
        wanted.forEach((name, config) -> {
            if (!proxies.containsKey(name)) open(name, config);
        });
    }

    private void open(String name, RedisProxyConfig config) {
        try {
            proxies.put(name, new Proxied(config, RedisProxy.open(vertx, etcd, config, metrics, ticker)));
        } catch (IOException failed) {
            LOG.error("{}: no proxy here: {}", name, failed.getMessage());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void keepSentinels(Fleet fleet) {
        SortedMap<Integer, List<Watched>> wanted = new TreeMap<>();
        for (RedisSpec spec : fleet.redis()) {
            ClusterSpec cluster = spec.cluster();
            if (spec.sentinelPort() == 0) continue;
            wanted.computeIfAbsent(spec.sentinelPort(), _ -> new ArrayList<>())
                    .add(new Watched(
                            spec.name(),
                            cluster.lease(),
                            spec.sentinelAnnouncesProxy(),
                            cluster.writePort(),
                            cluster.readPort()));
        }
        sentinels.entrySet().removeIf(one -> {
            List<Watched> watched = wanted.get(one.getKey());
            if (watched == null) one.getValue().close();
            else one.getValue().watch(watched);
            return watched == null;
        });
        wanted.forEach((port, watched) -> {
            if (!sentinels.containsKey(port)) open(port, watched);
        });
    }

    private void open(int port, List<Watched> watched) {
        SentinelConfig config = new SentinelConfig(me.name(), address, listenOn(), port, "");
        try {
            sentinels.put(port, SentinelPort.open(vertx, etcd, config, watched, this::failOver, ticker));
        } catch (IOException failed) {
            LOG.error("no sentinel here: {}", failed.getMessage());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// A client of a sentinel wants another primary.
    private void failOver(String service) {
        Outcome asked = new Operator(etcd, ClusterSpec.Kind.REDIS, service)
                .ask(new Wish(UUID.randomUUID().toString(), "", 0));
        LOG.info("{}: a client of the sentinel asks for another primary: {}", service, asked);
    }

    @Override
    public synchronized void close() {
        closed = true;
        proxies.values().forEach(one -> one.proxy().close());
        proxies.clear();
        sentinels.values().forEach(SentinelPort::close);
        sentinels.clear();
    }
}

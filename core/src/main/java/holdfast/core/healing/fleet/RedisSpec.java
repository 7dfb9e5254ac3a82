package holdfast.core.healing.fleet;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// A Redis or Valkey primary with its replicas, as its owner wants it: a service of `kind: redis`. Keys live under
/// `services.NAME.redis.`.
///
/// @param parameters directives for `redis.conf`, over our own
/// @param auth clients and replicas need a password, which is made by us and kept in the store
/// @param sentinelPort on each host, where clients ask for the primary by the protocol of Sentinel; 0 for none
/// @param sentinelAnnouncesProxy clients that ask there are sent to that host's proxy, and not to the servers
public record RedisSpec(
        ClusterSpec cluster,
        SortedMap<String, String> parameters,
        boolean auth,
        int sentinelPort,
        boolean sentinelAnnouncesProxy) {
    public static final int PORT = 6_379;
    public static final String USER = "redis";
    public static final int REST_PORT = 8_009;
    private static final int PORT_MAX = 65_535;

    /// Directives that the cluster itself depends on.
    public static final List<String> OURS = List.of(
            "aclfile",
            "appenddirname",
            "appendfilename",
            "bind",
            "cluster-enabled",
            "daemonize",
            "dbfilename",
            "dir",
            "include",
            "logfile",
            "masterauth",
            "masteruser",
            "min-replicas-max-lag",
            "min-replicas-to-write",
            "min-slaves-max-lag",
            "min-slaves-to-write",
            "pidfile",
            "port",
            "protected-mode",
            "rename-command",
            "repl-backlog-ttl",
            "replica-announce-ip",
            "replica-announce-port",
            "replica-announced",
            "replica-priority",
            "replica-read-only",
            "replicaof",
            "requirepass",
            "set-proc-title",
            "slave-announce-ip",
            "slave-announce-port",
            "slave-priority",
            "slave-read-only",
            "slaveof",
            "supervised",
            "user");

    public RedisSpec {
        parameters = Collections.unmodifiableSortedMap(new TreeMap<>(parameters));
        parameters.forEach((key, value) -> {
            Require.that("redis.parameters", key, key.matches("[a-z][a-z0-9-]{0,62}"), "a directive of redis.conf");
            Require.that("redis.parameters", key, !OURS.contains(key), "left out: it is set by Holdfast");
            Require.that(
                    "redis.parameters." + key,
                    "of several lines",
                    !value.contains("\n") && !value.contains("\r"),
                    "on one line");
        });
        Require.between("redis.sentinel-port", sentinelPort, 0, PORT_MAX);
        Require.that(
                "redis.sentinel-announces",
                "proxy",
                !sentinelAnnouncesProxy || (sentinelPort != 0 && cluster.writePort() != 0),
                "given with sentinel-port, write-port and read-port");
        boolean taken = List.of(cluster.port(), cluster.restPort(), cluster.writePort(), cluster.readPort())
                .contains(sentinelPort);
        Require.that("redis.sentinel-port", sentinelPort, sentinelPort == 0 || !taken, "another than the other ports");
    }

    /// Of the service.
    public String name() {
        return cluster.name();
    }

    /// The same with its hosts named: without a list it is on all of `hosts`.
    public RedisSpec on(List<NodeId> hosts) {
        return new RedisSpec(cluster.on(hosts), parameters, auth, sentinelPort, sentinelAnnouncesProxy);
    }
}

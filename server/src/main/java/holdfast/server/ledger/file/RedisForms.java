package holdfast.server.ledger.file;

import static holdfast.server.ledger.file.FleetFile.or;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.fleet.ClusterSpec.Durability;
import holdfast.core.healing.fleet.RedisSpec;
import holdfast.server.ledger.file.Forms.RedisForm;
import holdfast.server.ledger.file.Forms.ServiceForm;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/// A service of `kind: redis`.
final class RedisForms {
    private static final RedisForm NOTHING = new RedisForm(
            null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
            null, null);

    private RedisForms() {}

    static RedisSpec spec(String name, ServiceForm form) {
        OtherKeys.refuse(form, "redis");
        RedisForm own = or(form.redis(), NOTHING);
        ClusterSpec cluster = new ClusterSpec(
                ClusterSpec.Kind.REDIS,
                name,
                FleetFile.indexed("hosts", or(form.hosts(), List.of()), NodeId::new),
                or(form.port(), RedisSpec.PORT),
                or(own.bin(), ""),
                or(own.data(), ""),
                or(own.user(), RedisSpec.USER),
                Durability.of(or(own.durability(), Durability.ASYNC.key())).orElseThrow(),
                or(own.strict(), false),
                or(own.lease(), ClusterSpec.LEASE),
                own.lagBytesMax() == null ? ClusterSpec.LAG_BYTES_MAX : own.lagBytesMax(),
                or(own.startWithin(), ClusterSpec.START_WITHIN),
                or(own.stopWithin(), ClusterSpec.STOP_WITHIN),
                new TreeSet<>(FleetFile.indexed("redis.no-failover", or(own.noFailover(), List.of()), NodeId::new)),
                or(own.restPort(), RedisSpec.REST_PORT),
                or(own.writePort(), 0),
                or(own.readPort(), 0),
                TagForms.tags("redis", own.priority(), own.noBalance(), null),
                or(own.onRoleChange(), List.of()));
        return new RedisSpec(
                cluster,
                new TreeMap<>(or(own.parameters(), Map.of())),
                or(own.auth(), true),
                or(own.sentinelPort(), 0),
                or(own.sentinelAnnounces(), "servers").equals("proxy"));
    }

    /// The reverse.
    static Map<String, Object> written(RedisSpec spec) {
        return new ClusterSection.Written()
                .cluster(spec.cluster(), RedisSpec.USER, Durability.ASYNC, RedisSpec.REST_PORT)
                .put("parameters", spec.parameters(), Map.of())
                .put("auth", spec.auth(), true)
                .put("sentinel-port", spec.sentinelPort(), 0)
                .put("sentinel-announces", spec.sentinelAnnouncesProxy() ? "proxy" : "servers", "servers")
                .of(spec.cluster(), RedisSpec.PORT);
    }
}

package holdfast.server.healing.failover;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec;
import io.vertx.core.MultiMap;
import java.util.LinkedHashMap;
import java.util.Map;

/// A member's tags by Patroni's names: those that are set.
final class PatroniTags {
    private static final String ASKED = "tag_";

    private PatroniTags() {}

    static Map<String, Object> of(ClusterSpec spec, NodeId host) {
        Map<String, Object> tags = new LinkedHashMap<>();
        Integer priority = spec.tags().priority().get(host);
        if (spec.noFailover().contains(host)) tags.put("nofailover", true);
        if (priority != null) tags.put("failover_priority", priority);
        if (spec.tags().noBalance().contains(host)) tags.put("noloadbalance", true);
        if (spec.tags().noSync().contains(host)) tags.put("nosync", true);
        return tags;
    }

    /// Whether the member has every tag that a question asks for: `/replica?tag_nofailover=true`.
    static boolean has(ClusterSpec spec, NodeId host, MultiMap asked) {
        Map<String, Object> tags = of(spec, host);
        return asked.entries().stream()
                .filter(one -> one.getKey().startsWith(ASKED))
                .allMatch(one -> one.getValue()
                        .equals(String.valueOf(tags.get(one.getKey().substring(ASKED.length())))));
    }
}

package holdfast.server.ledger.file;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import holdfast.core.base.Require.BadValue;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.PostgresSpec;
import holdfast.core.healing.fleet.RedisSpec;
import holdfast.core.healing.fleet.Tags;
import holdfast.server.ledger.Lengths;
import holdfast.server.ledger.file.Forms.ServiceForm;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.dataformat.yaml.YAMLMapper;
import tools.jackson.dataformat.yaml.YAMLWriteFeature;

/// One cluster's part of a fleet as its owner would write it in the fleet file, below `services.NAME:`. What is as it
/// would be without being given is left out. [FleetFile] reads it back to the same.
public final class ClusterSection {
    private static final YAMLMapper YAML = YAMLMapper.builder()
            .disable(YAMLWriteFeature.WRITE_DOC_START_MARKER)
            .enable(YAMLWriteFeature.MINIMIZE_QUOTES)
            .build();

    private final ClusterSpec.Kind kind;
    private final String service;
    private final Map<String, Object> keys;

    private ClusterSection(ClusterSpec.Kind kind, String service, Map<String, Object> keys) {
        this.kind = kind;
        this.service = service;
        this.keys = keys;
    }

    /// Empty when the fleet has no such cluster.
    public static Optional<ClusterSection> of(Fleet fleet, ClusterSpec.Kind kind, String service) {
        Optional<Map<String, Object>> written = switch (kind) {
            case POSTGRESQL ->
                named(fleet.postgres(), PostgresSpec::name, service).map(PostgresForms::written);
            case REDIS -> named(fleet.redis(), RedisSpec::name, service).map(RedisForms::written);
        };
        return written.map(keys -> new ClusterSection(kind, service, keys));
    }

    private static <T> Optional<T> named(List<T> all, Function<T, String> name, String wanted) {
        return all.stream().filter(one -> name.apply(one).equals(wanted)).findFirst();
    }

    /// @throws BadValue when it is not YAML
    public ClusterSection replaced(String yaml) {
        Node.parse(service, yaml); // whose refusals name line and column
        @SuppressWarnings("unchecked")
        Map<String, Object> read = YAML.readValue(yaml, LinkedHashMap.class);
        return new ClusterSection(kind, service, read);
    }

    /// With one key set; its value is text, or YAML when it begins as a list or a mapping.
    ///
    /// @param path such as `postgresql.parameters.work_mem`: three words at most, the last may have dots
    /// @param value `null` takes the key away
    public ClusterSection set(String path, String value) {
        Map<String, Object> changed = copy(keys);
        Map<String, Object> at = changed;
        String[] words = path.split("\\.", 3);
        for (int index = 0; index + 1 < words.length; index++) {
            Object below = at.computeIfAbsent(words[index], _ -> new LinkedHashMap<>());
            if (!(below instanceof Map)) throw new BadValue(path + " is no key; " + words[index] + " holds one value");
            @SuppressWarnings("unchecked")
            Map<String, Object> next = (Map<String, Object>) below;
            at = next;
        }
        String last = words[words.length - 1];
        if (value.equals("null")) at.remove(last);
        else at.put(last, value(path, value));
        return new ClusterSection(kind, service, changed);
    }

    private static Object value(String path, String text) {
        if (!text.startsWith("[") && !text.startsWith("{")) return text;
        try {
            return YAML.readValue(text, Object.class);
        } catch (JacksonException malformed) {
            throw new BadValue(path + " is " + text + "; it must be YAML: " + malformed.getOriginalMessage());
        }
    }

    private static Map<String, Object> copy(Map<?, ?> from) {
        Map<String, Object> copy = new LinkedHashMap<>();
        from.forEach((key, value) -> copy.put("" + key, value instanceof Map<?, ?> map ? copy(map) : value));
        return copy;
    }

    public String yaml() {
        return YAML.writeValueAsString(keys);
    }

    /// The fleet with this in place of what the cluster was.
    ///
    /// @throws BadValue with one sentence that names the key, its value and its bound
    public Fleet in(Fleet fleet) {
        return Require.under("services." + service, () -> {
            ServiceForm form = FormReader.read(Node.parse(service, yaml()), ServiceForm.class);
            String given = FleetFile.or(form.kind(), "left out");
            Require.that("kind", given, given.equals(kind.key()), kind.key() + " as it was");
            return switch (kind) {
                case POSTGRESQL -> {
                    PostgresSpec spec = PostgresForms.spec(service, form);
                    yield with(fleet, instead(fleet.postgres(), PostgresSpec::name, spec), fleet.redis());
                }
                case REDIS -> {
                    RedisSpec spec = RedisForms.spec(service, form);
                    yield with(fleet, fleet.postgres(), instead(fleet.redis(), RedisSpec::name, spec));
                }
            };
        });
    }

    private static <T> List<T> instead(List<T> all, Function<T, String> name, T changed) {
        return all.stream()
                .map(one -> name.apply(one).equals(name.apply(changed)) ? changed : one)
                .toList();
    }

    private static Fleet with(Fleet fleet, List<PostgresSpec> postgres, List<RedisSpec> redis) {
        return new Fleet(fleet.name(), fleet.hosts(), fleet.services(), postgres, fleet.singletons(), redis);
    }

    // ---- how it is written ----------------------------------------------------------------------------------------

    /// Keys with their values, but for those that are as if they were not given.
    static final class Written {
        private final Map<String, Object> keys = new LinkedHashMap<>();

        Written put(String key, Object value, Object standard) {
            if (!value.equals(standard))
                keys.put(key, value instanceof Duration length ? Lengths.format(length) : value);
            return this;
        }

        /// What every cluster has in the section of its kind.
        Written cluster(ClusterSpec spec, String user, ClusterSpec.Durability durability, int restPort) {
            return put("bin", spec.bin(), "")
                    .put("data", spec.data(), "")
                    .put("user", spec.user(), user)
                    .put("durability", spec.durability().key(), durability.key())
                    .put("strict", spec.strict(), false)
                    .put("lease", spec.lease(), ClusterSpec.LEASE)
                    .put("lag-bytes-max", spec.lagBytesMax(), ClusterSpec.LAG_BYTES_MAX)
                    .put("start-within", spec.startWithin(), ClusterSpec.START_WITHIN)
                    .put("stop-within", spec.stopWithin(), ClusterSpec.STOP_WITHIN)
                    .put("no-failover", names(spec.noFailover()), List.of())
                    .put("priority", priorities(spec.tags()), Map.of())
                    .put("no-balance", names(spec.tags().noBalance()), List.of())
                    .put("no-sync", names(spec.tags().noSync()), List.of())
                    .put("on-role-change", spec.onRoleChange(), List.of())
                    .put("rest-port", spec.restPort(), restPort)
                    .put("write-port", spec.writePort(), 0)
                    .put("read-port", spec.readPort(), 0);
        }

        /// The whole, with this as the section of its kind.
        Map<String, Object> of(ClusterSpec spec, int port) {
            return new Written()
                    .put("kind", spec.kind().key(), "")
                    .put("hosts", names(spec.hosts()), List.of())
                    .put("port", spec.port(), port)
                    .put(spec.kind().key(), keys, Map.of())
                    .keys;
        }

        private static Map<String, Integer> priorities(Tags tags) {
            Map<String, Integer> byName = new LinkedHashMap<>();
            tags.priority().forEach((host, value) -> byName.put(host.name(), value));
            return byName;
        }

        private static List<String> names(Collection<NodeId> hosts) {
            return hosts.stream().map(NodeId::name).toList();
        }
    }
}

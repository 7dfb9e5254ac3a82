package holdfast.server.cli.etcd;

import holdfast.core.base.Require.BadValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/// etcd's configuration file: the flags' names, but those of TLS in two groups. With it, flags and environment count
/// for nothing.
///
/// @param values by flag name
/// @param unknown keys that etcd does not know either; it passes over them
record EtcdFile(Map<String, String> values, List<String> unknown) {
    private static final String CLIENT = "client-transport-security";
    private static final String PEER = "peer-transport-security";

    /// How some keys of the groups are called as flags.
    private static final Map<String, String> GROUPED = Map.of(
            "allowed-cn", "cert-allowed-cn",
            "allowed-hostname", "cert-allowed-hostname");

    /// @throws BadValue when it cannot be read, or a value is of the wrong kind
    static EtcdFile read(Path file) {
        EtcdFile read = new EtcdFile(new LinkedHashMap<>(), new ArrayList<>());
        try {
            JsonNode root = new YAMLMapper().readTree(Files.readString(file));
            if (root.isMissingNode() || root.isNull()) return read;
            if (!root.isObject()) throw new BadValue(file + " must be a list of `name: value` lines");
            for (Map.Entry<String, JsonNode> entry : root.properties()) read.take(entry.getKey(), entry.getValue());
            return read;
        } catch (IOException missing) {
            throw new BadValue("open " + file + ": " + (Files.exists(file) ? missing : "no such file or directory"));
        } catch (JacksonException malformed) {
            throw new BadValue("error converting YAML to JSON: " + malformed.getOriginalMessage());
        }
    }

    private void take(String key, JsonNode value) {
        if (!key.equals(CLIENT) && !key.equals(PEER)) {
            put(key, key, value);
            return;
        }
        if (!value.isObject()) throw new BadValue("invalid " + key);
        for (Map.Entry<String, JsonNode> entry : value.properties()) {
            String name = GROUPED.getOrDefault(entry.getKey(), entry.getKey());
            boolean prefixed = !name.equals(entry.getKey()) && key.equals(CLIENT);
            String flag = key.equals(PEER) ? "peer-" + name : prefixed ? "client-" + name : name;
            put(key + "." + entry.getKey(), flag, entry.getValue());
        }
    }

    private void put(String key, String name, JsonNode value) {
        EtcdFlag flag = EtcdFlags.find(name);
        if (flag == null) {
            unknown.add(key);
            return;
        }
        String text = text(flag, value);
        try {
            GoValue.check(flag.kind(), text);
        } catch (BadValue bad) {
            throw new BadValue("invalid value \"" + text + "\" for " + key + ": " + bad.getMessage());
        }
        if (!text.isEmpty()) values.put(name, text);
    }

    private static String text(EtcdFlag flag, JsonNode value) {
        if (value.isNull()) return "";
        if (value.isArray()) {
            List<String> parts = new ArrayList<>();
            value.forEach(part -> parts.add(part.asString()));
            return String.join(",", parts);
        }
        boolean bare = flag.kind() == EtcdFlag.Kind.LENGTH && value.isNumber(); // etcd counts nanoseconds then
        return value.isObject() ? value.toString() : value.asString() + (bare ? "ns" : "");
    }
}

package holdfast.server.cli.etcd;

import holdfast.core.base.Require.BadValue;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// The `ETCD_` variables: they give what no flag gives. A variable beside its own flag is refused, as etcd does.
final class EtcdEnvironment {
    private static final String PREFIX = "ETCD_";

    /// Read by etcd elsewhere.
    private static final Set<String> SPECIAL = Set.of("ETCD_UNSUPPORTED_ARCH", "ETCD_VERSION", "ETCD_CONFIG_FILE");

    private EtcdEnvironment() {}

    /// Adds to `values` what the environment gives.
    ///
    /// @throws BadValue for a value of the wrong kind, or one that is given twice
    static void addTo(Map<String, String> values, Map<String, String> environment, EtcdLog log) {
        Set<String> used = new TreeSet<>(SPECIAL);
        for (EtcdFlag flag : EtcdFlags.ALL.values()) {
            String value = environment.get(flag.variable());
            if (value == null || SPECIAL.contains(flag.variable())) continue;
            used.add(flag.variable());
            if (values.containsKey(flag.name())) {
                throw new BadValue("conflicting environment variable is shadowed by corresponding command-line flag"
                        + " (either unset environment variable or disable flag): " + flag.variable());
            }
            if (value.isEmpty()) continue;
            take(values, flag, value);
            log.info(
                    "recognized and used environment variable",
                    "variable-name",
                    flag.variable(),
                    "variable-value",
                    value);
        }
        for (String name : new TreeSet<>(environment.keySet())) {
            if (!name.startsWith(PREFIX) || used.contains(name)) continue;
            log.warn("unrecognized environment variable", "environment-variable", name + "=" + environment.get(name));
        }
    }

    private static void take(Map<String, String> values, EtcdFlag flag, String value) {
        try {
            GoValue.check(flag.kind(), value);
        } catch (BadValue bad) {
            throw new BadValue("invalid value \"" + value + "\" for " + flag.variable() + ": " + bad.getMessage());
        }
        values.put(flag.name(), value);
    }
}

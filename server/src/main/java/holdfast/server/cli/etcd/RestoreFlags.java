package holdfast.server.cli.etcd;

import holdfast.core.base.Require.BadValue;
import holdfast.server.start.ServerConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Who restores a snapshot: told by the same flags of etcd as the member that will be started on it.
public final class RestoreFlags {
    private RestoreFlags() {}

    /// @param given by flag name; null for what was not given
    /// @throws BadValue as the start would refuse it
    public static ServerConfig config(Map<String, @Nullable String> given) {
        Map<String, String> values = new LinkedHashMap<>();
        given.forEach((name, value) -> {
            if (value != null) values.put(name, value);
        });
        return ServerConfig.of(Weaving.of(new EtcdSettings(values, true), true).flags(), null);
    }
}

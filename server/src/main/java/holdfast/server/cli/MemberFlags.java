package holdfast.server.cli;

import holdfast.server.start.ServerConfig;
import holdfast.server.start.Settings;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What `holdfast server` was told.
///
/// @param settings by name, without dashes
/// @param config YAML file with more of them
record MemberFlags(Map<String, String> settings, @Nullable Path config, boolean repair) {

    /// Reads the plain case, `--name=value` or `--name value` for known names, once each. All else is left to
    /// picocli, which explains itself: loading it takes a third of a second of a start, since its classes are of a
    /// version that the AOT cache does not take.
    ///
    /// @return null when this is not the plain case
    static @Nullable MemberFlags plain(List<String> arguments) {
        Set<String> known = new HashSet<>();
        for (Settings.Key key : ServerConfig.KEYS) known.add(key.name());
        known.add("config");
        Map<String, String> given = new LinkedHashMap<>();
        boolean repair = false;
        for (int index = 0; index < arguments.size(); index++) {
            String argument = arguments.get(index);
            if (!argument.startsWith("--")) return null;
            if (argument.equals("--repair") && !repair) {
                repair = true;
                continue;
            }
            int equals = argument.indexOf('=');
            String name = argument.substring(2, equals < 0 ? argument.length() : equals);
            @Nullable String value = equals < 0 ? next(arguments, ++index) : argument.substring(equals + 1);
            if (value == null || !known.contains(name) || given.put(name, value) != null) return null;
        }
        @Nullable String config = given.remove("config");
        return new MemberFlags(given, config == null ? null : Path.of(config), repair);
    }

    /// The value of a flag without `=`; null when picocli might read it as something else.
    private static @Nullable String next(List<String> arguments, int index) {
        if (index >= arguments.size()) return null;
        String value = arguments.get(index);
        return value.isEmpty() || value.startsWith("-") || value.startsWith("@") ? null : value;
    }
}

package holdfast.server.start;

import holdfast.core.base.Require;
import holdfast.core.base.Require.BadValue;
import holdfast.server.base.Nearest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/// Settings by name, as flags and as a YAML file with the same names; a flag wins over the file. Every bad one is
/// refused by name, value and bound.
public final class Settings {
    /// @param standard what holds when it is not given; null when there is no such thing
    public record Key(String name, String label, @Nullable String standard, String description) {}

    static Key key(String name, String label, @Nullable String standard, String description) {
        return new Key(name, label, standard, description);
    }

    private static final Duration LENGTH_MAX = Duration.ofDays(365);

    private final Map<String, String> given;
    private final Map<String, Key> keys = new LinkedHashMap<>();

    private Settings(Collection<Key> keys, Map<String, String> given) {
        this.given = given;
        for (Key key : keys) this.keys.put(key.name(), key);
    }

    /// @param flags by name, without dashes
    /// @param file null for none
    /// @throws BadValue when the file cannot be read or names an unknown key
    public static Settings of(Collection<Key> keys, Map<String, String> flags, @Nullable Path file) {
        Map<String, String> given = new LinkedHashMap<>();
        Settings settings = new Settings(keys, given);
        if (file != null) settings.read(file);
        given.putAll(flags);
        return settings;
    }

    private void read(Path file) {
        JsonNode root;
        try {
            root = new YAMLMapper().readTree(Files.readString(file));
        } catch (IOException missing) {
            throw new BadValue("config is " + file + "; it cannot be read: " + missing.getMessage());
        } catch (JacksonException malformed) {
            throw new BadValue("config is " + file + "; it is not YAML: " + malformed.getOriginalMessage());
        }
        if (root.isMissingNode() || root.isNull()) return;
        if (!root.isObject()) throw new BadValue("config is " + file + "; it must be a list of `name: value` lines");
        for (Map.Entry<String, JsonNode> entry : root.properties()) {
            if (!keys.containsKey(entry.getKey())) throw unknown(entry.getKey(), file);
            given.put(entry.getKey(), text(entry.getKey(), entry.getValue()));
        }
    }

    private BadValue unknown(String name, Path file) {
        @Nullable String nearest = Nearest.to(name, keys.keySet());
        String hint = nearest == null ? "" : "; did you mean " + nearest + "?";
        return new BadValue(name + " in " + file + " is not a key" + hint);
    }

    private static String text(String name, JsonNode value) {
        if (value.isValueNode()) return value.asString();
        if (!value.isArray()) throw new BadValue(name + " is " + value + "; it must be one value or a list");
        List<String> parts = new ArrayList<>();
        value.forEach(part -> parts.add(part.asString()));
        return String.join(",", parts);
    }

    /// Whether a person gave it.
    public boolean has(String name) {
        return given.containsKey(name);
    }

    /// Null when it was not given and has no default.
    public @Nullable String optional(String name) {
        Key key = keys.get(name);
        if (key == null) throw new IllegalStateException("no key " + name);
        return given.getOrDefault(name, key.standard());
    }

    public String text(String name) {
        @Nullable String value = optional(name);
        if (value == null || value.isBlank()) throw new BadValue(name + " is missing; it must be given");
        return value;
    }

    public long number(String name) {
        String value = text(name);
        try {
            return Long.parseLong(value.replace("_", ""));
        } catch (NumberFormatException _) {
            throw new BadValue(name + " is " + value + "; it must be a whole number");
        }
    }

    /// A number that an `int` holds; its own bounds are narrower.
    public int count(String name) {
        long value = number(name);
        Require.between(name, value, Integer.MIN_VALUE, Integer.MAX_VALUE);
        return (int) value;
    }

    /// `250ms`, `3s`, `10min`, `1h`; a year at most.
    public Duration length(String name) {
        String value = text(name).replace(" ", "");
        int digits = 0;
        while (digits < value.length() && Character.isDigit(value.charAt(digits))) digits++;
        Require.that(name, value, digits > 0 && digits <= 9, "a length of time such as 250ms, 3s, 10min or 1h");
        long count = Long.parseLong(value.substring(0, digits));
        Duration length = switch (value.substring(digits)) {
            case "ms" -> Duration.ofMillis(count);
            case "s" -> Duration.ofSeconds(count);
            case "m", "min" -> Duration.ofMinutes(count);
            case "h" -> Duration.ofHours(count);
            default -> throw new BadValue(name + " is " + value + "; its unit must be ms, s, min or h");
        };
        Require.that(name, value, length.compareTo(LENGTH_MAX) <= 0, "a year at most, 8760h");
        return length;
    }

    /// `host:port`, `[v6]:port`.
    public Address address(String name) {
        return Address.parse(name, text(name));
    }
}

package holdfast.server.redundancy.lock;

import holdfast.core.base.Bytes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Who stands in the queue, for people: the value of the key. Others' keys may hold anything; etcdctl's hold
/// nothing.
///
/// @param pid 0 when unknown
/// @param command program without its arguments, which may hold secrets
/// @param since when it came, ISO 8601
/// @param holdsSince when it got the lock, empty before that
public record Owner(String host, long pid, String command, String since, String holdsSince) {
    public static final Owner UNKNOWN = new Owner("", 0, "", "", "");
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /// This process, or what started it.
    ///
    /// @param now ISO 8601
    public static Owner self(long pid, String command, String now) {
        return new Owner(hostName(), pid, command, now, "");
    }

    public Owner holding(String now) {
        return new Owner(host, pid, command, since, now);
    }

    private static String hostName() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException _) {
            return System.getenv().getOrDefault("HOSTNAME", "");
        }
    }

    Bytes write() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("host", host);
        fields.put("pid", pid);
        fields.put("command", command);
        fields.put("since", since);
        if (!holdsSince.isEmpty()) fields.put("holdsSince", holdsSince);
        return Bytes.utf8(JSON.writeValueAsString(fields));
    }

    static Owner read(Bytes value) {
        if (value.isEmpty()) return UNKNOWN;
        try {
            JsonNode fields = JSON.readTree(new String(value.unsafeArray(), StandardCharsets.UTF_8));
            if (!fields.isObject()) return UNKNOWN;
            return new Owner(
                    fields.path("host").asString(""),
                    fields.path("pid").asLong(0),
                    fields.path("command").asString(""),
                    fields.path("since").asString(""),
                    fields.path("holdsSince").asString(""));
        } catch (JacksonException _) {
            return UNKNOWN;
        }
    }
}

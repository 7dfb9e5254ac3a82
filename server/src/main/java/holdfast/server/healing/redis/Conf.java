package holdfast.server.healing.redis;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec.Durability;
import holdfast.core.healing.fleet.RedisSpec;
import holdfast.core.healing.recover.failover.Rule;
import holdfast.server.healing.failover.HostedMember;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A server's configuration, written whole before each start.
final class Conf {
    /// Nobody listens there, and what is not Redis' does not matter: a replica of it receives nothing and keeps what it
    /// has, with its place in the stream.
    static final String NOBODY_ADDRESS = "127.0.0.1";

    static final int NOBODY_PORT = 1;

    /// A replica that is silent for longer does not count.
    static final int LAG_SECONDS_MAX = 3;

    private static final String PRIORITY_NEVER = "0";

    private Conf() {}

    /// What does not change while the server runs, unless its owner changes it.
    ///
    /// @param password empty when there is none
    static Map<String, String> fixed(RedisSpec spec, NodeId host, String address, Path data, String password) {
        Map<String, String> lines = new LinkedHashMap<>();
        // what is ours to choose, and the owner's to overrule
        lines.put("appendonly", "yes");
        lines.put("appendfsync", "everysec");
        lines.put("save", "");
        lines.put("repl-backlog-size", "64mb"); // how much a replica may miss and still go on
        lines.put("repl-diskless-sync-delay", "0"); // 5 s by default, in which the primary stands alone
        lines.put("repl-timeout", "10");
        lines.put("repl-ping-replica-period", "1");
        lines.putAll(spec.parameters());
        lines.put("bind", HostedMember.listenOn(address, "* -::*"));
        lines.put("port", Integer.toString(spec.cluster().port()));
        lines.put("protected-mode", "no"); // it would refuse the replicas
        lines.put("daemonize", "no");
        lines.put("supervised", "no");
        lines.put("set-proc-title", "no"); // it would overwrite the environment, by which the guard finds the server
        lines.put("logfile", "");
        lines.put("dir", data.toString());
        lines.put("dbfilename", "dump.rdb");
        lines.put("pidfile", data.resolve(RedisProcess.PID_FILE).toString());
        lines.put("replica-announce-ip", address);
        lines.put("replica-announce-port", Integer.toString(spec.cluster().port()));
        lines.put("replica-read-only", "yes");
        lines.put("replica-priority", spec.cluster().mayLead(host) ? "100" : PRIORITY_NEVER);
        lines.put("repl-backlog-ttl", "0"); // a primary that is alone for long must not forget its place
        lines.put("min-replicas-max-lag", Integer.toString(LAG_SECONDS_MAX));
        lines.put("requirepass", password);
        lines.put("masterauth", password);
        return lines;
    }

    static String text(RedisSpec spec, Map<String, String> fixed, Setting setting, boolean persists) {
        Map<String, String> lines = new LinkedHashMap<>(fixed);
        if (!persists) lines.put("appendonly", "no");
        lines.put(
                "min-replicas-to-write",
                Integer.toString(leastReplicas(spec, setting.told().rule())));
        if (setting.data().standby()) {
            boolean nobody = setting.source().host() == null;
            lines.put(
                    "replicaof",
                    nobody
                            ? NOBODY_ADDRESS + " " + NOBODY_PORT
                            : setting.source().address() + " "
                                    + setting.source().port());
        }
        return lines.entrySet().stream()
                .map(line -> line.getKey() + " " + value(line.getKey(), line.getValue()) + "\n")
                .collect(Collectors.joining());
    }

    /// Values of several words are several arguments, but for names of files.
    private static String value(String key, String value) {
        boolean whole = value.isEmpty() || key.equals("dir") || key.equals("pidfile") || key.equals("requirepass");
        return whole ? "\"" + value.replace("\\", "\\\\").replace("\"", "\\\"") + "\"" : value;
    }

    /// What a server was started with, by directive.
    static Map<String, String> parse(String text) {
        Map<String, String> lines = new LinkedHashMap<>();
        for (String line : text.split("\n", -1)) {
            int space = line.indexOf(' ');
            if (space < 1) continue;
            String value = line.substring(space + 1);
            boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
            lines.put(
                    line.substring(0, space),
                    quoted
                            ? value.substring(1, value.length() - 1)
                                    .replace("\\\"", "\"")
                                    .replace("\\\\", "\\")
                            : value);
        }
        return lines;
    }

    /// How many replicas must be there for the server to take a write at all. That they have it is what `WAIT` tells.
    static int leastReplicas(RedisSpec spec, @Nullable Rule rule) {
        boolean waits = spec.cluster().durability() != Durability.ASYNC;
        if (rule == null || !waits) return 0;
        if (rule.voters().isEmpty()) return spec.cluster().strict() ? 1 : 0;
        return rule.need();
    }
}

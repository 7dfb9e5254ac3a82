package holdfast.server.cli.etcd;

import holdfast.core.base.Require.BadValue;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What was given under etcd's names, checked as etcd checks it. [Weaving] makes our server's configuration of it.
final class EtcdSettings {
    static final String DEFAULT_NAME = "default";
    private static final Set<String> LEVELS = Set.of("debug", "info", "warn", "error", "dpanic", "panic", "fatal");
    private static final long ELECTION_MILLIS_MAX = 50_000;
    private static final List<String> DISCOVERIES =
            List.of("discovery", "discovery-srv", "discovery-endpoints", "discovery-token");

    private final Map<String, String> given;
    private final boolean fromFile;

    /// @param given by flag name, each of its flag's kind; older names are already today's
    EtcdSettings(Map<String, String> given, boolean fromFile) {
        this.given = given;
        this.fromFile = fromFile;
    }

    /// With more that was given.
    EtcdSettings with(Map<String, String> more) {
        Map<String, String> all = new LinkedHashMap<>(given);
        all.putAll(more);
        return new EtcdSettings(all, fromFile);
    }

    boolean has(String flag) {
        return given.containsKey(flag);
    }

    Set<String> names() {
        return given.keySet();
    }

    String text(String flag) {
        EtcdFlag known = EtcdFlags.find(flag);
        if (known == null) throw new IllegalStateException("no flag " + flag);
        return given.getOrDefault(flag, known.standard());
    }

    long number(String flag) {
        return GoValue.number(text(flag));
    }

    boolean isYes(String flag) {
        return GoValue.isYes(text(flag));
    }

    List<String> urls(String flag) {
        return GoValue.urls(text(flag));
    }

    Path dataDir() {
        return Path.of(text("data-dir").isEmpty() ? text("name") + ".etcd" : text("data-dir"));
    }

    /// Where a cluster that this member alone forms would be: as etcd, when only the name is given.
    String initialCluster() {
        boolean named = has("initial-cluster") || text("name").equals(DEFAULT_NAME);
        if (named) return text("initial-cluster");
        String name = text("name").isEmpty() ? DEFAULT_NAME : text("name");
        return String.join(
                ",",
                urls("initial-advertise-peer-urls").stream()
                        .map(url -> name + "=" + url)
                        .toList());
    }

    /// Null when all is well, else why etcd would not start, in its words.
    @Nullable
    String refusal() {
        try {
            for (String flag : List.of(
                    "listen-peer-urls", "listen-client-urls", "listen-client-http-urls", "listen-metrics-urls")) {
                for (String url : urls(flag)) checkBind(url);
            }
            checkAdvertised();
            checkCluster();
            checkTimes();
            checkTls();
            checkWords();
            return null;
        } catch (BadValue bad) {
            return bad.getMessage();
        }
    }

    private static void checkBind(String url) {
        if (url.startsWith("unix")) throw new BadValue("unix sockets are not served: " + url);
        String host = host(url);
        boolean isNumber = host.contains(":") || host.matches("\\d+\\.\\d+\\.\\d+\\.\\d+");
        if (!host.equals("localhost") && !isNumber) throw new BadValue("expected IP in URL for binding (" + url + ")");
    }

    static String host(String url) {
        String address = url.substring(url.indexOf("//") + 2);
        String host = address.substring(0, address.lastIndexOf(':'));
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    private void checkAdvertised() {
        for (String flag : List.of("initial-advertise-peer-urls", "advertise-client-urls")) {
            for (String url : urls(flag)) {
                if (!host(url).isEmpty()) continue;
                throw new BadValue("--" + flag + " \"" + text(flag)
                        + "\" must be \"host:port\" (unexpected empty host (" + url + "))");
            }
        }
        boolean missing = has("listen-client-urls") && !has("advertise-client-urls") && !fromFile;
        if (missing)
            throw new BadValue("--advertise-client-urls is required when --listen-client-urls is set explicitly");
    }

    private void checkCluster() {
        List<String> ways =
                DISCOVERIES.stream().filter(flag -> !text(flag).isEmpty()).toList();
        boolean several = !ways.isEmpty() && has("initial-cluster");
        if (several) {
            throw new BadValue("multiple discovery or bootstrap flags are set. Choose one of \"initial-cluster\","
                    + " \"discovery\", \"discovery-endpoints\" or \"discovery-srv\"");
        }
        if (!ways.isEmpty()) {
            throw new BadValue("--" + ways.getFirst() + " is \"" + text(ways.getFirst())
                    + "\"; Holdfast forms clusters by --initial-cluster only");
        }
        for (String url : urls("initial-advertise-peer-urls")) {
            if (url.startsWith("unix")) throw new BadValue("unix sockets are not served: " + url);
        }
    }

    private void checkTimes() {
        long beat = number("heartbeat-interval");
        long election = number("election-timeout");
        if (beat == 0) throw new BadValue("--heartbeat-interval must be >0 (set to 0ms)");
        if (election == 0) throw new BadValue("--election-timeout must be >0 (set to 0ms)");
        if (5 * beat > election) {
            throw new BadValue("--election-timeout[" + election
                    + "ms] should be at least as 5 times as --heartbeat-interval[" + beat + "ms]");
        }
        if (election > ELECTION_MILLIS_MAX) {
            throw new BadValue("--election-timeout[" + election + "ms] is too long, and should be set less than "
                    + ELECTION_MILLIS_MAX + "ms");
        }
        if (GoValue.length(text("compact-hash-check-time")).toNanos() <= 0) {
            throw new BadValue("--compact-hash-check-time must be >0 (set to " + text("compact-hash-check-time") + ")");
        }
    }

    private void checkTls() {
        for (String flag : List.of("tls-min-version", "tls-max-version")) {
            if (!text(flag).matches("|TLS1\\.[23]")) {
                throw new BadValue("unexpected TLS version \"" + text(flag) + "\" (must be one of: TLS1.2, TLS1.3)");
            }
        }
        boolean checksNobody = isYes("peer-auto-tls")
                && text("peer-cert-file").isEmpty()
                && text("peer-key-file").isEmpty();
        if (checksNobody && !text("peer-trusted-ca-file").isEmpty()) {
            throw new BadValue("--peer-trusted-ca-file is " + text("peer-trusted-ca-file")
                    + "; it needs --peer-cert-file and --peer-key-file: with --peer-auto-tls nobody is checked by it");
        }
        String oldest = text("tls-min-version");
        String newest = text("tls-max-version");
        if (!newest.isEmpty() && oldest.compareTo(newest) > 0) {
            throw new BadValue("min version (" + oldest + ") is greater than max version (" + newest + ")");
        }
        if (oldest.equals("TLS1.3") && !text("cipher-suites").isEmpty()) {
            throw new BadValue("cipher suites cannot be configured when only TLS1.3 is enabled");
        }
    }

    private void checkWords() {
        String mode = text("auto-compaction-mode");
        if (!mode.equals("periodic") && !mode.equals("revision")) {
            throw new BadValue("unknown auto-compaction-mode \"" + mode + "\"");
        }
        if (!LEVELS.contains(text("log-level"))) {
            throw new BadValue("unrecognized level: \"" + text("log-level") + "\"");
        }
        if (!text("logger").equals("zap")) throw new BadValue("unknown logger option \"" + text("logger") + "\"");
        if (!text("log-format").equals("json") && !text("log-format").equals("console")) {
            throw new BadValue("unknown log format: " + text("log-format") + ", supported values json, console");
        }
        if (isYes("force-new-cluster")) {
            throw new BadValue("--force-new-cluster is not done here: restore the newest snapshot into a new cluster"
                    + " of one (holdfast snapshot restore)");
        }
        for (String gate : text("feature-gates").split(",", -1)) {
            if (!gate.isEmpty() && !gate.strip().matches("[A-Za-z]+=(?i:true|false|t|f|1|0)")) {
                throw new BadValue("invalid value of feature-gates: " + gate + "; it must be NAME=true or NAME=false");
            }
        }
    }
}

package holdfast.server.cli.etcd;

import holdfast.core.base.Require.BadValue;
import holdfast.server.start.ServerConfig;
import holdfast.server.start.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Makes our server's configuration of etcd's settings (docs/decisions/0013-etcd-command.md says how times map).
final class Weaving {
    /// Keys that our server knows under etcd's own name, where it knows them.
    private static final List<String> SHARED = List.of(
            "initial-cluster-state",
            "quota-backend-bytes",
            "auto-compaction-mode",
            "auto-compaction-retention",
            "auth-token",
            "auth-token-ttl",
            "bcrypt-cost",
            "client-cert-auth",
            "corrupt-check-time",
            "strict-reconfig-check");

    /// Who of those whom the authority vouches for is let in; our keys have the same names.
    private static final List<String> RULES = List.of(
            "client-crl-file",
            "client-cert-allowed-hostname",
            "peer-crl-file",
            "peer-cert-allowed-cn",
            "peer-cert-allowed-hostname");

    private static final Set<String> KEYS =
            ServerConfig.KEYS.stream().map(Settings.Key::name).collect(Collectors.toUnmodifiableSet());
    private static final long BEAT_MILLIS = 100; // etcd's defaults, at which ours hold
    private static final long ELECTION_MILLIS = 1_000;
    private static final long OUR_BEAT_MILLIS = 40;
    private static final long OUR_BEAT_MILLIS_MAX = 1_000;
    private static final long OUR_LEADER_MILLIS = 600;
    private static final long OUR_ELECTION_MILLIS = 60;
    private static final long REQUEST_MILLIS = 5_000;
    private static final long PING_MIN_MILLIS_UNSET = 300_000;
    private static final long PING_EVERY_MILLIS_MIN = 1_000; // of etcd's library, too
    private static final long PING_LIMIT_MILLIS_MIN = 100;
    private static final long LOG_FILE_REQUESTS = 4;
    private static final long ENTRY_BYTES = 256 << 10;
    private static final long LOG_FILE_BYTES = 32 << 20;
    private static final long LOG_FILE_BYTES_MAX = 1 << 30;
    private static final long SNAPSHOT_ENTRIES_MAX = 10_000_000;
    private static final long SNAPSHOT_ENTRIES_MIN = 10;

    private final EtcdSettings settings;
    private final Map<String, String> flags = new LinkedHashMap<>();
    private final List<String> warnings = new ArrayList<>();

    /// @param flags of [ServerConfig]
    /// @param warnings one sentence for each flag that changes nothing here
    record Woven(Map<String, String> flags, List<String> warnings) {}

    private Weaving(EtcdSettings settings) {
        this.settings = settings;
    }

    /// @param fresh whether the data folder belongs to nobody yet: only then is a cluster formed
    /// @throws BadValue for settings that do not fit together, in etcd's words where it refuses them, too
    static Woven of(EtcdSettings settings, boolean fresh) {
        Weaving weaving = new Weaving(settings);
        weaving.plain();
        weaving.addresses();
        if (fresh) weaving.cluster();
        weaving.tls();
        weaving.times();
        weaving.pings();
        weaving.flags.put("loop", "off");
        return new Woven(weaving.flags, weaving.warnings);
    }

    private void plain() {
        flags.put("data-dir", settings.dataDir().toString());
        flags.put("name", settings.text("name"));
        flags.put("cluster-token", settings.text("initial-cluster-token"));
        for (String name : settings.names()) {
            EtcdFlag flag = EtcdFlags.find(name);
            if (flag == null) continue;
            switch (flag.meaning()) {
                case EtcdFlag.Meaning.Key(String key) -> {
                    String value = settings.text(name);
                    if (!value.isEmpty()) flags.put(key, plain(flag, value));
                }
                case EtcdFlag.Meaning.Nothing(String why) ->
                    warnings.add("--" + name + " changes nothing in Holdfast: " + why);
                case EtcdFlag.Meaning.Woven _, EtcdFlag.Meaning.Formerly _ -> {}
            }
        }
        for (String name : SHARED) {
            boolean matters = settings.has(name) || name.equals("client-cert-auth"); // ours is on by default
            if (matters && KEYS.contains(name)) flags.put(name, shared(name));
            else if (settings.has(name))
                warnings.add("--" + name + " changes nothing in Holdfast: it does not know it yet");
        }
        roomForRequests();
        if (settings.has("feature-gates")) {
            warnings.add("--feature-gates changes nothing in Holdfast: what they switch is built in or not there");
        }
    }

    /// Requests larger than etcd's default need files of the log that take four of them.
    private void roomForRequests() {
        long request = settings.number("max-request-bytes");
        long needed = LOG_FILE_REQUESTS * (request + ENTRY_BYTES);
        if (needed > LOG_FILE_BYTES && needed <= LOG_FILE_BYTES_MAX) flags.put("log-file-bytes", "" + needed);
    }

    private String shared(String name) {
        return switch (name) {
            case "client-cert-auth", "strict-reconfig-check" -> settings.isYes(name) ? "on" : "off";
            case "auth-token-ttl" -> settings.number(name) + "s";
            case "corrupt-check-time" -> GoValue.length(settings.text(name)).toMillis() + "ms";
            case "bcrypt-cost", "quota-backend-bytes" -> Long.toString(settings.number(name));
            default -> settings.text(name);
        };
    }

    private static String plain(EtcdFlag flag, String value) {
        return switch (flag.kind()) {
            case COUNT, NUMBER -> Long.toString(GoValue.number(value));
            case URLS -> String.join(",", GoValue.urls(value));
            case TEXT, LIST, YES_NO, LENGTH, STATE, NONE -> value;
        };
    }

    private void addresses() {
        List<String> clients = new ArrayList<>(settings.urls("listen-client-urls"));
        clients.addAll(settings.urls("listen-client-http-urls"));
        flags.put("listen-client", String.join(",", clients));
        flags.put("advertise-client", String.join(",", settings.urls("advertise-client-urls")));
        flags.put("listen-peer", String.join(",", settings.urls("listen-peer-urls")));
        flags.put("advertise-peer", String.join(",", advertisedPeers()));
    }

    /// The URL that stands in `initial-cluster` comes first: it is the one that the members use.
    private List<String> advertisedPeers() {
        List<String> urls = new ArrayList<>(settings.urls("initial-advertise-peer-urls"));
        List<String> known = members().getOrDefault(settings.text("name"), List.of());
        urls.sort((one, other) -> Boolean.compare(!known.contains(one), !known.contains(other)));
        return urls;
    }

    /// Peer URLs of each name in `initial-cluster`.
    private Map<String, List<String>> members() {
        Map<String, List<String>> members = new TreeMap<>();
        for (String part : settings.initialCluster().split(",", -1)) {
            if (part.isBlank()) continue;
            int equals = part.indexOf('=');
            if (equals <= 0)
                throw new BadValue("error setting up initial cluster: empty URL given for \"" + part + "\"");
            try {
                members.computeIfAbsent(part.substring(0, equals).strip(), _ -> new ArrayList<>())
                        .addAll(GoValue.urls(part.substring(equals + 1).strip()));
            } catch (BadValue bad) {
                throw new BadValue("error setting up initial cluster: " + bad.getMessage());
            }
        }
        members.values().forEach(urls -> urls.sort(null));
        return members;
    }

    private void cluster() {
        Map<String, List<String>> members = members();
        String name = settings.text("name");
        List<String> own = members.get(name);
        if (own == null) {
            throw new BadValue("couldn't find local name \"" + name + "\" in the initial cluster configuration");
        }
        long all = members.values().stream().mapToLong(List::size).sum();
        long different =
                members.values().stream().flatMap(List::stream).distinct().count();
        if (all != different) throw new BadValue("initial cluster " + settings.initialCluster() + " has duplicate url");
        List<String> advertised = settings.urls("initial-advertise-peer-urls");
        for (String url : own) {
            if (!PeerNames.contains(advertised, url)) {
                throw new BadValue("--initial-cluster has " + name + "=" + url
                        + " but missing from --initial-advertise-peer-urls=" + String.join(",", advertised));
            }
        }
        for (String url : advertised) {
            if (!PeerNames.contains(own, url)) {
                throw new BadValue("--initial-advertise-peer-urls has " + url + " but missing from --initial-cluster="
                        + settings.initialCluster());
            }
        }
        List<String> seeds = new ArrayList<>();
        members.forEach((member, urls) -> seeds.add(member + "=" + address(urls.getFirst())));
        flags.put("initial-cluster", String.join(",", seeds));
    }

    private static String address(String url) {
        return url.substring(url.indexOf("//") + 2);
    }

    private void tls() {
        boolean metrics = settings.urls("listen-metrics-urls").stream().anyMatch(Weaving::isSecure);
        boolean clients = flags.getOrDefault("listen-client", "").contains("https://") || metrics;
        side("client", "", clients);
        boolean peers = settings.urls("listen-peer-urls").stream().anyMatch(Weaving::isSecure);
        side("peer", "peer-", peers);
        if (peers && settings.isYes("peer-auto-tls")) { // AutoTls switches it off where files were given
            flags.put("peer-cert-check", "off");
            warnings.add("--peer-auto-tls hides what members say, but whoever speaks TLS may pass for a member");
        } else if (peers && settings.text("peer-trusted-ca-file").isEmpty()) {
            throw new BadValue(
                    "--peer-trusted-ca-file is missing: members of Holdfast check each other's certificates");
        }
    }

    private static boolean isSecure(String url) {
        return url.startsWith("https://");
    }

    private void side(String ours, String etcds, boolean secure) {
        String certificate = settings.text(etcds + "cert-file");
        String key = settings.text(etcds + "key-file");
        String authority = settings.text(etcds + "trusted-ca-file");
        List<String> rules = RULES.stream()
                .filter(rule -> rule.startsWith(ours) && !settings.text(rule).isEmpty())
                .toList();
        if (!secure) {
            for (String rule : rules) {
                warnings.add("--" + rule + " is ignored: the scheme of " + ours + " url is HTTP");
            }
            if (!certificate.isEmpty() || !key.isEmpty()) {
                warnings.add("The scheme of " + ours + " url is HTTP while " + ours
                        + " key/cert files are present: they are ignored");
            }
            return;
        }
        if (certificate.isEmpty() != key.isEmpty()) {
            throw new BadValue("--" + etcds + "cert-file and --" + etcds + "key-file go together");
        }
        if (certificate.isEmpty()) {
            throw new BadValue("TLS key/cert (--" + etcds + "cert-file, --" + etcds + "key-file) must be provided for "
                    + ours + " url with HTTPS scheme");
        }
        boolean asks = settings.isYes(etcds + "client-cert-auth");
        if (asks && authority.isEmpty()) {
            throw new BadValue("--" + etcds + "client-cert-auth needs --" + etcds + "trusted-ca-file");
        }
        flags.put(ours + "-cert-file", certificate);
        flags.put(ours + "-key-file", key);
        if (!authority.isEmpty()) flags.put(ours + "-ca-file", authority);
        for (String rule : rules) {
            if (authority.isEmpty()) throw new BadValue("--" + rule + " needs --" + etcds + "trusted-ca-file");
            flags.put(rule, settings.text(rule));
        }
    }

    /// etcd's times are for its own, slower detection. At its defaults and below, ours hold; longer ones, which people
    /// set for slow networks, stretch ours in proportion. What clients see of them is as etcd's.
    private void times() {
        long beat = settings.number("heartbeat-interval");
        long election = settings.number("election-timeout");
        long ourBeat = Math.min(OUR_BEAT_MILLIS_MAX, stretched(OUR_BEAT_MILLIS, beat, BEAT_MILLIS));
        put("heartbeat-every", ourBeat);
        put("leader-timeout", stretched(OUR_LEADER_MILLIS, election, ELECTION_MILLIS));
        put("election-timeout", Math.max(ourBeat, stretched(OUR_ELECTION_MILLIS, election, ELECTION_MILLIS)));
        put("request-timeout", REQUEST_MILLIS + 2 * election);
        put("lease-ttl-min", Math.max(1, (3 * election + 1_999) / 2_000) * 1_000); // one and a half elections
        Duration progress = GoValue.length(settings.text("watch-progress-notify-interval"));
        if (!progress.isZero()) put("progress-every", progress.toMillis());
        if (!settings.has("snapshot-count")) return;
        long entries = settings.number("snapshot-count");
        if (entries == 0) return;
        flags.put("snapshot-entries", "" + Math.clamp(entries, SNAPSHOT_ENTRIES_MIN, SNAPSHOT_ENTRIES_MAX));
    }

    /// 0 leaves it to etcd's library, and so to its defaults: a client may ping every 5 minutes, and is pinged after 2
    /// hours.
    private void pings() {
        Duration least = GoValue.length(settings.text("grpc-keepalive-min-time"));
        put("ping-min", least.isPositive() ? least.toMillis() : PING_MIN_MILLIS_UNSET);
        Duration every = GoValue.length(settings.text("grpc-keepalive-interval"));
        Duration limit = GoValue.length(settings.text("grpc-keepalive-timeout"));
        if (!every.isPositive() || !limit.isPositive()) return;
        put("ping-every", Math.max(PING_EVERY_MILLIS_MIN, every.toMillis()));
        put("ping-limit", Math.max(PING_LIMIT_MILLIS_MIN, limit.toMillis()));
    }

    private static long stretched(long ours, long given, long standard) {
        return given <= standard ? ours : ours * given / standard;
    }

    private void put(String key, long millis) {
        flags.put(key, String.format(Locale.ROOT, "%dms", millis));
    }
}

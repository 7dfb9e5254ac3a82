package holdfast.server.start;

import static holdfast.server.start.Settings.key;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import holdfast.core.base.Require.BadValue;
import holdfast.server.base.tls.LiveTls;
import holdfast.server.truth.UpkeepConfig;
import holdfast.server.truth.etcd.EtcdConfig;
import holdfast.server.truth.raft.RaftConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// One server of the store. Flags and YAML keys have the same names: those of [#KEYS], where the defaults are,
/// too.
///
/// @param name of this member, unique in its cluster
/// @param dataDir everything that must survive
/// @param loop whether the healing loop may run here
/// @param initialCluster who forms the cluster, by name; on a data folder that already belongs to one it must
/// fit it
/// @param initialClusterGiven false when it is only the default of a cluster of one
/// @param joins whether a fresh data folder becomes that of a member which was added to a running cluster
/// @param clientTls null for plain text; so for peers
/// @param listening all addresses; those above are the first of each kind
public record ServerConfig(
        String name,
        Path dataDir,
        Address listenClient,
        Address advertiseClient,
        Address listenLoop,
        boolean loop,
        Address listenPeer,
        Address advertisePeer,
        List<Seed> initialCluster,
        boolean initialClusterGiven,
        String clusterToken,
        LiveTls.@Nullable Pem clientTls,
        LiveTls.@Nullable Pem peerTls,
        RaftConfig raft,
        Duration requestTimeout,
        Duration leaseTtlMin,
        Duration stallLimit,
        int requestBytesMax,
        int txnOpsMax,
        int waitingMax,
        int readers,
        int entriesInFlightMax,
        Listening listening,
        Duration progressEvery,
        int logFileBytes,
        boolean joins,
        UpkeepConfig upkeep,
        AuthFlags auth,
        DoorRules doors) {

    /// How users prove who they are.
    ///
    /// @param token `simple` or `jwt,...`, as etcd has it
    /// @param tokenLife of simple tokens
    /// @param certificateUsers whether clients without a token are the users whom their certificates name
    public record AuthFlags(String token, Duration tokenLife, int bcryptCost, boolean certificateUsers) {
        public AuthFlags {
            Require.atLeast("auth-token-ttl", tokenLife, Duration.ofSeconds(1));
            Require.between("bcrypt-cost", bcryptCost, 4, 31);
        }
    }

    /// One of the members that form the cluster.
    public record Seed(String name, Address peer) {}

    /// How clients may connect.
    ///
    /// @param tlsVersions as `TLSv1.3`
    /// @param cipherSuites empty for Java's own
    public record DoorRules(List<String> tlsVersions, List<String> cipherSuites, EtcdConfig.Connections connections) {}

    /// Most members that one cluster is formed of.
    private static final int SEEDS_MAX = 7;

    public static final List<Settings.Key> KEYS = with(
            Stream.concat(DoorKeys.KEYS.stream(), UpkeepKeys.KEYS.stream()).toList(),
            key("name", "NAME", "default", "Name of this member, unique in its cluster."),
            key("data-dir", "FOLDER", "holdfast-data", "Where everything lies that must survive."),
            key(
                    "listen-client",
                    "URL,...",
                    "127.0.0.1:2379",
                    "Where clients connect: HOST:PORT or a URL, also several."),
            key("advertise-client", "URL,...", null, "What clients are told; as listen-client if not given."),
            key("listen-metrics", "URL,...", null, "Where /metrics and the health pages are served besides."),
            key(
                    "listen-loop",
                    "HOST:PORT",
                    null,
                    "Where agents attach; a free port beside listen-client if not given."),
            key("loop", "on|off", "on", "Whether the healing loop may run here; off leaves every key to the clients."),
            key("listen-peer", "URL,...", "127.0.0.1:2380", "Where members connect."),
            key("advertise-peer", "URL,...", null, "What members are told; as listen-peer if not given."),
            key(
                    "initial-cluster",
                    "NAME=HOST:PORT,...",
                    null,
                    "Who forms the cluster; this member alone if not given."),
            key(
                    "initial-cluster-state",
                    "new|existing",
                    "new",
                    "existing: this member was added to a cluster that runs."),
            key("cluster-token", "TEXT", "holdfast", "Tells clusters with the same names apart."),
            key("heartbeat-every", "TIME", millis(RaftConfig.DEFAULT.heartbeatEvery()), "How often a leader speaks."),
            key("leader-timeout", "TIME", millis(RaftConfig.DEFAULT.leaderTimeout()), "A silent leader is replaced."),
            key("election-timeout", "TIME", millis(RaftConfig.DEFAULT.electionTimeout()), "An election is repeated."),
            key("snapshot-entries", "COUNT", "" + RaftConfig.DEFAULT.snapshotEvery(), "Entries between snapshots."),
            key("request-timeout", "TIME", "5s", "How long one request may take."),
            key("lease-ttl-min", "TIME", "2s", "Shorter leases last this long."),
            key("stall-limit", "TIME", "250ms", "A longer gap in the leader's own time is credited to leases."),
            key("request-bytes-max", "BYTES", "1572864", "Largest request."),
            key("txn-ops-max", "COUNT", "128", "Most operations in one branch of a transaction."),
            key("progress-every", "TIME", "10min", "How often an idle watcher that asks for it hears the revision."),
            key("waiting-max", "COUNT", "16384", "Most requests that wait for the log; more are refused."),
            key("readers", "COUNT", "2", "Threads that serve large reads."),
            key("entries-in-flight-max", "COUNT", "2", "Log entries under way at once."),
            key("log-file-bytes", "BYTES", "33554432", "Size of one file of the log, made beforehand."),
            key(
                    "auth-token",
                    "KIND",
                    "simple",
                    "What users get for a password: simple, or jwt,sign-method=RS256,priv-key=FILE,pub-key=FILE,ttl=5m."),
            key("auth-token-ttl", "TIME", "300s", "A simple token ends when it was not used for so long."),
            key("bcrypt-cost", "COUNT", "10", "Work to hash a password, 4 to 31; each step doubles it."),
            key(
                    "client-cert-auth",
                    "on|off",
                    "on",
                    "Whether a client without a token is the user whom its certificate names."));

    private static List<Settings.Key> with(List<Settings.Key> more, Settings.Key... keys) {
        List<Settings.Key> all = new ArrayList<>(List.of(keys));
        all.addAll(more);
        return List.copyOf(all);
    }

    private static String millis(Duration length) {
        return length.toMillis() + "ms";
    }

    public ServerConfig {
        Require.that("name", "'" + name + "'", name.matches("[^\\s,=]{1,255}"), "1 to 255 signs, no space, comma or =");
        if (loop) new NodeId(name); // agents and incidents name it
        listening.check(clientTls != null, peerTls != null);
        Require.between("initial-cluster's count", initialCluster.size(), 1, SEEDS_MAX);
        long names = initialCluster.stream().map(Seed::name).distinct().count();
        long peers = initialCluster.stream().map(Seed::peer).distinct().count();
        Require.that("initial-cluster", initialCluster, names == initialCluster.size(), "without a name twice");
        Require.that("initial-cluster", initialCluster, peers == initialCluster.size(), "without an address twice");
        Require.between("log-file-bytes", logFileBytes, 1 << 20, 1 << 30);
        long largestEntry = (256 << 10) + (long) requestBytesMax; // see StoreConfig
        Require.that("log-file-bytes", logFileBytes, logFileBytes >= 4 * largestEntry, "four times the largest entry");
        Require.between("txn-ops-max", txnOpsMax, 1, 100_000);
        Require.that(
                "initial-cluster",
                say(initialCluster),
                initialCluster.stream().anyMatch(seed -> seed.name().equals(name)),
                "a list with this member, " + name + ", in it");
    }

    private static String say(Collection<Seed> seeds) {
        List<String> said = new ArrayList<>();
        for (Seed seed : seeds) said.add(seed.name() + "=" + seed.peer());
        return String.join(",", said);
    }

    /// @param flags by name, without dashes
    /// @throws BadValue with one sentence that names the key, its value and its bound
    public static ServerConfig of(Map<String, String> flags, @Nullable Path file) {
        Settings settings = Settings.of(KEYS, flags, file);
        String name = settings.text("name");
        LiveTls.@Nullable Pem clientTls = DoorKeys.files(settings, "client");
        LiveTls.@Nullable Pem peerTls = DoorKeys.files(settings, "peer");
        Listening listening = Listening.of(settings, clientTls != null, peerTls != null);
        Address listenClient = listening.clients().getFirst().address();
        Address advertisePeer = listening.advertisedPeers().getFirst().address();
        ServerConfig config = new ServerConfig(
                name,
                Path.of(settings.text("data-dir")),
                listenClient,
                listening.advertisedClients().getFirst().address(),
                settings.has("listen-loop") ? settings.address("listen-loop") : new Address(listenClient.host(), 0),
                UpkeepKeys.onOff(settings, "loop"),
                listening.peers().getFirst().address(),
                advertisePeer,
                seeds(settings, new Seed(name, advertisePeer)),
                settings.has("initial-cluster"),
                settings.text("cluster-token"),
                clientTls,
                peerTls,
                raft(settings),
                settings.length("request-timeout"),
                settings.length("lease-ttl-min"),
                settings.length("stall-limit"),
                settings.count("request-bytes-max"),
                settings.count("txn-ops-max"),
                settings.count("waiting-max"),
                settings.count("readers"),
                settings.count("entries-in-flight-max"),
                listening,
                settings.length("progress-every"),
                settings.count("log-file-bytes"),
                joins(settings),
                UpkeepKeys.read(settings),
                new AuthFlags(
                        settings.text("auth-token"),
                        settings.length("auth-token-ttl"),
                        settings.count("bcrypt-cost"),
                        UpkeepKeys.onOff(settings, "client-cert-auth")),
                DoorKeys.rules(settings, peerTls != null));
        PartConfigs.check(config);
        return config;
    }

    private static boolean joins(Settings settings) {
        String state = settings.text("initial-cluster-state");
        boolean existing = state.equals("existing");
        Require.that("initial-cluster-state", state, existing || state.equals("new"), "new or existing");
        return existing;
    }

    /// Sorted by name, so that every member numbers them alike.
    private static List<Seed> seeds(Settings settings, Seed alone) {
        @Nullable String given = settings.optional("initial-cluster");
        if (given == null) return List.of(alone);
        List<Seed> seeds = new ArrayList<>();
        for (String part : given.split(",", -1)) {
            int equals = part.indexOf('=');
            Require.that("initial-cluster", given, equals > 0, "NAME=HOST:PORT,...");
            String name = part.substring(0, equals).strip();
            seeds.add(new Seed(
                    name,
                    Address.parse("initial-cluster", part.substring(equals + 1).strip())));
        }
        seeds.sort(Comparator.comparing(Seed::name));
        return List.copyOf(seeds);
    }

    private static RaftConfig raft(Settings settings) {
        RaftConfig standard = RaftConfig.DEFAULT;
        return new RaftConfig(
                settings.length("heartbeat-every"),
                settings.length("leader-timeout"),
                settings.length("election-timeout"),
                settings.count("snapshot-entries"),
                standard.pendingMax(),
                standard.entriesPerMessage(),
                settings.length("request-timeout"),
                standard.learnerLagMax());
    }
}

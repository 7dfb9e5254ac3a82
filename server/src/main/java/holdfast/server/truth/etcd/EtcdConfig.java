package holdfast.server.truth.etcd;

import holdfast.core.base.Require;
import holdfast.server.base.tls.LiveTls;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How the etcd door listens and what it lets in. What a person may
/// set is refused under its own key, the rest under `store.etcd.`; the defaults are etcd's own.
///
/// @param port 0 to 65_535; 0 lets the system pick
/// @param eventLoops threads that serve connections, 1 to 64
/// @param tls null for plain text
/// @param requestBytesMax largest request that may enter the log
/// @param txnOpsMax most compares, or operations of one branch, of a transaction
/// @param leaseTtlMin shorter leases are raised to this
/// @param progressEvery how often an idle watcher that asked for it hears the revision; up to a tenth is added by
/// chance
/// @param leaderlessLimit calls that require a leader end after this long without one
/// @param connections what one connection may do
/// @param quotaBytes shown to clients by Maintenance.Status
public record EtcdConfig(
        String host,
        int port,
        int eventLoops,
        @Nullable Tls tls,
        int requestBytesMax,
        int txnOpsMax,
        Duration leaseTtlMin,
        Duration progressEvery,
        Duration leaderlessLimit,
        long quotaBytes,
        Connections connections) {

    /// The version that clients see: which etcd this door equals.
    public static final String VERSION = "3.6.16";

    static final String CLUSTER_VERSION = "3.6";

    static final String STORAGE_VERSION = "3.6.0";

    /// Bytes that a message may have beyond [#requestBytesMax] before gRPC itself refuses it.
    static final int OVERHEAD_BYTES = 512 * 1024;

    /// @param files what is shown; where they name an authority, clients must show a certificate of it
    /// @param versions such as `TLSv1.3`; empty for 1.2 and 1.3
    /// @param cipherSuites by their IANA names; empty for those that Java offers
    /// @param namesUsers whether a client without a token is the user whom its certificate names
    public record Tls(LiveTls files, List<String> versions, List<String> cipherSuites, boolean namesUsers) {
        public static Tls of(LiveTls files) {
            return of(files, true);
        }

        public static Tls of(LiveTls files, boolean namesUsers) {
            return new Tls(files, List.of(), List.of(), namesUsers);
        }
    }

    /// What a connection may do. The defaults are etcd's, but for silence, which etcd bears for good before the first
    /// byte.
    ///
    /// @param silenceMax a connection that asks nothing is closed after this long; streams may be silent for good
    /// @param pingMin clients that ping more often are sent away; 0 allows all
    /// @param pingEvery how often the server asks whether a client is still there
    /// @param pingLimit one that does not answer for this long is gone
    public record Connections(Duration silenceMax, Duration pingMin, Duration pingEvery, Duration pingLimit) {
        public static final Connections DEFAULT = new Connections(
                Duration.ofMinutes(5), Duration.ofSeconds(5), Duration.ofHours(2), Duration.ofSeconds(20));

        public Connections {
            Require.atLeast("store.etcd.silence-max", silenceMax, Duration.ofSeconds(1));
            Require.atLeast("ping-min", pingMin, Duration.ZERO);
            Require.atLeast("ping-every", pingEvery, Duration.ofMillis(100));
            Require.atLeast("ping-limit", pingLimit, Duration.ofMillis(100));
        }
    }

    public EtcdConfig {
        Require.between("store.etcd.port", port, 0, 65_535);
        Require.between("store.etcd.event-loops", eventLoops, 1, 64);
        Require.between("request-bytes-max", requestBytesMax, 1, 64 * 1_024 * 1_024);
        Require.between("txn-ops-max", txnOpsMax, 1, 100_000);
        Require.atLeast("lease-ttl-min", leaseTtlMin, Duration.ofSeconds(1));
        Require.atLeast("progress-every", progressEvery, Duration.ofMillis(100));
        Require.atLeast("store.etcd.leaderless-limit", leaderlessLimit, Duration.ofMillis(100));
    }

    /// etcd's defaults on `host:port`, in plain text.
    public static EtcdConfig at(String host, int port) {
        return new EtcdConfig(
                host,
                port,
                1,
                null,
                1_572_864,
                128,
                Duration.ofSeconds(2),
                Duration.ofMinutes(10),
                Duration.ofSeconds(3),
                2L * 1_024 * 1_024 * 1_024,
                Connections.DEFAULT);
    }

    public EtcdConfig with(Tls encryption) {
        return new EtcdConfig(
                host,
                port,
                eventLoops,
                encryption,
                requestBytesMax,
                txnOpsMax,
                leaseTtlMin,
                progressEvery,
                leaderlessLimit,
                quotaBytes,
                connections);
    }

    public EtcdConfig withProgressEvery(Duration interval) {
        return new EtcdConfig(
                host,
                port,
                eventLoops,
                tls,
                requestBytesMax,
                txnOpsMax,
                leaseTtlMin,
                interval,
                leaderlessLimit,
                quotaBytes,
                connections);
    }

    public EtcdConfig withLeaderlessLimit(Duration limit) {
        return new EtcdConfig(
                host,
                port,
                eventLoops,
                tls,
                requestBytesMax,
                txnOpsMax,
                leaseTtlMin,
                progressEvery,
                limit,
                quotaBytes,
                connections);
    }

    public EtcdConfig with(Connections rules) {
        return new EtcdConfig(
                host,
                port,
                eventLoops,
                tls,
                requestBytesMax,
                txnOpsMax,
                leaseTtlMin,
                progressEvery,
                leaderlessLimit,
                quotaBytes,
                rules);
    }

    int messageBytesMax() {
        return requestBytesMax + OVERHEAD_BYTES;
    }
}

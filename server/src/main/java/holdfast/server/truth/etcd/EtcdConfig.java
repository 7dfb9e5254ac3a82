package holdfast.server.truth.etcd;

import holdfast.core.base.Require;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// How the etcd door listens and what it lets in. Keys live under `store.etcd.`; the defaults are etcd's own.
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
        long quotaBytes) {

    /// The version that clients see: which etcd this door equals.
    public static final String VERSION = "3.6.16";

    static final String STORAGE_VERSION = "3.6.0";

    /// Bytes that a message may have beyond [#requestBytesMax] before gRPC itself refuses it.
    static final int OVERHEAD_BYTES = 512 * 1024;

    /// @param clientAuthority certificates that a client's must come from; null asks for none
    public record Tls(PemKeyCertOptions identity, @Nullable PemTrustOptions clientAuthority) {}

    public EtcdConfig {
        Require.between("store.etcd.port", port, 0, 65_535);
        Require.between("store.etcd.event-loops", eventLoops, 1, 64);
        Require.between("store.etcd.request-bytes-max", requestBytesMax, 1_024, 64 * 1_024 * 1_024);
        Require.between("store.etcd.txn-ops-max", txnOpsMax, 1, 100_000);
        Require.atLeast("store.etcd.lease-ttl-min", leaseTtlMin, Duration.ofSeconds(1));
        Require.atLeast("store.etcd.progress-every", progressEvery, Duration.ofMillis(100));
        Require.atLeast("store.etcd.leaderless-limit", leaderlessLimit, Duration.ofMillis(100));
        Require.atLeast("store.etcd.quota-bytes", quotaBytes, 1_024 * 1_024);
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
                2L * 1_024 * 1_024 * 1_024);
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
                quotaBytes);
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
                quotaBytes);
    }

    public EtcdConfig withLeaderlessLimit(Duration limit) {
        return new EtcdConfig(
                host, port, eventLoops, tls, requestBytesMax, txnOpsMax, leaseTtlMin, progressEvery, limit, quotaBytes);
    }

    int messageBytesMax() {
        return requestBytesMax + OVERHEAD_BYTES;
    }
}

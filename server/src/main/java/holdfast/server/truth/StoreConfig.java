package holdfast.server.truth;

import holdfast.core.base.Require;
import holdfast.server.truth.auth.AuthConfig;
import java.time.Duration;
import java.util.List;

/// What one member's store is told. Keys of what a person may set live under `store.`; their defaults are in
/// `ServerConfig`.
///
/// @param member this member's number in the log
/// @param run drawn anew at each start, so that entries of an earlier run answer nobody
/// @param requestTimeout how long a request may take in all
/// @param leaseTtlMin shorter leases are granted for this long
/// @param waitingMax most requests waiting for the log, and again for a read
/// @param stallLimit a longer gap in the leader's own time is credited to all leases
public record StoreConfig(
        long clusterId,
        int member,
        long run,
        String name,
        List<String> peerUrls,
        List<String> clientUrls,
        Duration requestTimeout,
        Duration leaseTtlMin,
        Duration stallLimit,
        int waitingMax,
        int readers,
        int entriesInFlightMax,
        int requestBytesMax,
        UpkeepConfig upkeep,
        AuthConfig auth) {
    /// Leases that one tick of the leader (25 ms) may end: ten thousand a second, ten times etcd's.
    static final int EXPIRIES_PER_TICK_MAX = 250;

    private static final int ENTRY_COMMANDS_MAX = 2_048;
    private static final int ENTRY_BYTES_MAX = 256 << 10;
    private static final int OWN_COMMAND_BYTES_MAX = 8 << 10; // of members, whatever the door lets in
    private static final int REQUEST_BYTES_MAX = 32 << 20; // half of what a record of the log may be

    public StoreConfig {
        Require.atLeast("request-timeout", requestTimeout, Duration.ofMillis(100));
        Require.atLeast("lease-ttl-min", leaseTtlMin, Duration.ofMillis(1));
        Require.between("waiting-max", waitingMax, 1, 1_000_000);
        Require.between("readers", readers, 1, 64);
        Require.between("entries-in-flight-max", entriesInFlightMax, 1, 64);
        Require.between("request-bytes-max", requestBytesMax, 1, REQUEST_BYTES_MAX);
    }

    Proposals.Limits proposalLimits(long timeoutNanos) {
        int commandBytesMax = Math.max(requestBytesMax, OWN_COMMAND_BYTES_MAX);
        return new Proposals.Limits(
                waitingMax, ENTRY_COMMANDS_MAX, ENTRY_BYTES_MAX, entriesInFlightMax, commandBytesMax, timeoutNanos);
    }
}

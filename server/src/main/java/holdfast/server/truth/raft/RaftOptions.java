package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import holdfast.core.base.Reason;
import holdfast.core.base.Require;
import holdfast.server.base.Ticker;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// What one member is started with.
///
/// @param folder holds `log` and `snapshots`; this member's alone
/// @param clusterId the same on all members; others are refused
/// @param self this member; `address` is where the others reach it
/// @param listenHost where it listens, as `0.0.0.0`
/// @param listenPort 1 to 65535, or 0 for any
/// @param initialPeers the members that the cluster began with, equal on all of them, this one among them; a
///     joiner gives the members that it was told of, itself not among them. Addresses in the log win over these.
/// @param segmentBytes size of a log file, at least four times the largest entry
/// @param heapBytes entries kept in heap; older ones are read back from the log files
/// @param logBytesMax a snapshot is made when the log grew by this much since the last
/// @param tls for mutual TLS between members; null for plain sockets
/// @param dice elections' chance, different on each member
/// @param onHalt what was promised may not be on disk: ends the process at once
public record RaftOptions(
        Path folder,
        String clusterId,
        RaftLog.Peer self,
        String listenHost,
        int listenPort,
        List<RaftLog.Peer> initialPeers,
        RaftConfig config,
        int segmentBytes,
        long heapBytes,
        long logBytesMax,
        @Nullable SSLContext tls,
        Ticker ticker,
        Dice dice,
        Consumer<Reason> onHalt) {
    private static final int SEGMENT_BYTES = 32 << 20;
    private static final long HEAP_BYTES = 2L << 20; // so few die young; others are in the page cache
    private static final long LOG_BYTES_MAX = 1L << 30;
    private static final int HALTED = 70; // the exit status

    public RaftOptions {
        Require.atLeast("raft.segment-bytes", segmentBytes, 16 << 10);
        Require.atLeast("raft.heap-bytes", heapBytes, 0);
        Require.atLeast("raft.log-bytes-max", logBytesMax, segmentBytes);
        Require.that("raft.member", self.id(), self.id() >= 1, "1 or more");
        Require.that("raft.initial-members", initialPeers, !initialPeers.isEmpty(), "one member at least");
        initialPeers = List.copyOf(initialPeers);
    }

    /// The usual sizes, and a halt that ends the process.
    public static RaftOptions of(
            Path folder,
            String clusterId,
            RaftLog.Peer self,
            String listenHost,
            int listenPort,
            List<RaftLog.Peer> initialPeers,
            @Nullable SSLContext tls,
            Dice dice) {
        return new RaftOptions(
                folder,
                clusterId,
                self,
                listenHost,
                listenPort,
                initialPeers,
                RaftConfig.DEFAULT,
                SEGMENT_BYTES,
                HEAP_BYTES,
                LOG_BYTES_MAX,
                tls,
                Ticker.system(),
                dice,
                _ -> Runtime.getRuntime().halt(HALTED));
    }
}

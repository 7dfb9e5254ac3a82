package holdfast.server.start;

import holdfast.core.base.Reason;
import holdfast.server.start.DataFolder.Owner;
import holdfast.server.truth.raft.Introduction;
import holdfast.server.truth.raft.RaftLog.Peer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// A server that was added to a running cluster by its API and starts for the first time: those who are there
/// know it by the peer address that it was added with.
final class Newcomer {
    private static final int TRIES_MAX = 30;
    private static final int PAUSE_MILLIS = 1_000;

    /// Whose folder it becomes, or why it cannot.
    sealed interface Known {
        record Member(Owner owner) implements Known {}

        record Refused(Reason why) implements Known {}
    }

    private Newcomer() {}

    /// Asks the others of `initial-cluster`, for half a minute while none of them answers.
    static Known ask(ServerConfig config, @Nullable SSLContext tls) throws InterruptedException {
        String last = "initial-cluster names nobody else";
        for (int tries = 0; tries < TRIES_MAX; tries++) {
            for (ServerConfig.Seed seed : config.initialCluster()) {
                if (seed.name().equals(config.name())) continue;
                try {
                    return known(config, Introduction.ask(seed.peer().toString(), tls));
                } catch (IOException failed) {
                    last = seed.name() + " at " + seed.peer() + ": " + failed.getMessage();
                }
            }
            boolean _ = new CountDownLatch(1).await(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        }
        return new Known.Refused(new Reason("cluster-unreachable", "No member of the cluster answers; " + last + "."));
    }

    private static Known known(ServerConfig config, Introduction.Found found) {
        Address own = config.advertisePeer();
        for (Peer peer : found.peers()) {
            if (!isAt(peer.address(), own)) continue;
            if (peer.voter()) {
                return new Known.Refused(new Reason(
                        "data-lost",
                        "The member at " + own + " has voted before, and its data-dir " + config.dataDir()
                                + " is empty: remove the member and add it again."));
            }
            List<Peer> voters = found.peers().stream().filter(Peer::voter).toList();
            long cluster = Long.parseUnsignedLong(found.clusterId(), 16);
            return new Known.Member(new Owner(cluster, peer.id(), config.name(), voters));
        }
        return new Known.Refused(new Reason(
                "not-a-member",
                "The cluster has no member with the peer address " + own + "; add it first (member add)."));
    }

    @SuppressWarnings("AddressSelection") // whichever number the name has first
    private static boolean isAt(String address, Address own) {
        if (address.equals(own.toString())) return true;
        Address other = Address.parse("peer address", address);
        if (other.port() != own.port()) return false;
        try {
            return InetAddress.getByName(other.host()).equals(InetAddress.getByName(own.host()));
        } catch (UnknownHostException _) {
            return false;
        }
    }
}

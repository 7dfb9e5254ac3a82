package holdfast.server.truth.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Lease;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Txn;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Leases when servers, not clients, stand still. `-Dholdfast.freezes=50` for more.
final class LeaseStallTest {
    private static final int FREEZES = Integer.getInteger("holdfast.freezes", 3);
    private static final Duration TTL = Duration.ofSeconds(4);
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Bytes KEY = Bytes.utf8("alive");

    @TempDir
    private Path folder;

    @Test
    void frozenServers_takeNoLiveLease_andADeadClientsLeaseEnds() {
        try (StoreCluster cluster = StoreCluster.start(folder, 3);
                Etcd client = cluster.clientOfAll()) {
            Lease lease = ((Answer.Done<Lease>) Lease.grant(client, "client", TTL, _ -> {})).value();
            Txn put = new Txn().put(KEY, Bytes.utf8("v"), lease.id());
            assertThat(client.commit(put)).isInstanceOf(Answer.Done.class);

            for (int freeze = 0; freeze < FREEZES; freeze++) {
                int frozen = (cluster.awaitLeader() + freeze % 2) % 3; // the leader, then a follower
                cluster.server(frozen).freeze();
                long until = Ticker.system().nanos() + TTL.toNanos() * 9 / 10;
                Processes.await("the freeze", LIMIT, () -> Ticker.system().nanos() - until >= 0);
                cluster.server(frozen).thaw();
                cluster.awaitLeader();
                assertThat(lease.gone())
                        .as("freeze %d%n%s", freeze, cluster.logs())
                        .isFalse();
                assertThat(held(client)).isTrue();
            }

            lease.close();
            Processes.await(
                    "the end of a dead client's key", TTL.multipliedBy(2).plus(LIMIT), () -> !held(client));
        }
    }

    private static boolean held(Etcd client) {
        Answer<Snapshot> read = client.get(KEY);
        assertThat(read).isInstanceOf(Answer.Done.class);
        return !((Answer.Done<Snapshot>) read).value().pairs().isEmpty();
    }
}

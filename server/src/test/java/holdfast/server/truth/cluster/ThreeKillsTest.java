package holdfast.server.truth.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.Dice;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Txn;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Kills that no single machine's luck forgives. `-Dholdfast.rounds=20` for more.
final class ThreeKillsTest {
    private static final int ROUNDS = Integer.getInteger("holdfast.rounds", 3);
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    @Test
    void allKilledAtOnce_nothingAcknowledgedIsMissing() {
        Dice dice = new Dice(ROUNDS);
        try (StoreCluster cluster = StoreCluster.start(folder, 3)) {
            List<Etcd> clients = List.of(cluster.client(0), cluster.client(1), cluster.client(2), cluster.client(0));
            try (Writers writers = new Writers("w", clients)) {
                for (int round = 1; round <= ROUNDS; round++) {
                    int wanted = writers.count() + 200 + dice.nextInt(300);
                    Processes.await("acknowledged writes", LIMIT, () -> writers.count() >= wanted);

                    cluster.kill9(0, 1, 2);
                    for (int member = 0; member < 3; member++)
                        cluster.server(member).restart();
                    int leader = cluster.awaitLeader();

                    List<String> missing = writers.missing("w", cluster.client((leader + round) % 3));
                    assertThat(missing)
                            .as("round %d%n%s", round, cluster.logs())
                            .isEmpty();
                }
                System.out.printf(
                        "%d rounds of three kills: %d acknowledged writes, none missing%n", ROUNDS, writers.count());
            }
        }
    }

    @Test
    void wipedMember_catchesUpBySnapshot_andServesAll() {
        try (StoreCluster cluster = StoreCluster.start(folder, 3, "--snapshot-entries=500")) {
            try (Writers writers = new Writers("w", List.of(cluster.client(0), cluster.client(1)))) {
                Processes.await("enough for snapshots", LIMIT, () -> writers.count() >= 3_000);
                cluster.kill9(2);
                cluster.wipe(2);
                cluster.server(2).restart();
                Processes.await("more writes", LIMIT, () -> writers.count() >= 4_000);
            }
            Writers probe = new Writers("p", List.of(cluster.client(2)));
            Processes.await("a write through the wiped member", LIMIT, () -> probe.count() > 0);
            probe.close();

            assertThat(count(cluster.client(2))).isEqualTo(count(cluster.client(0)));
        }
    }

    @Test
    void anyMember_servesAnyRequest_andReadsItsOwnWrite() {
        try (StoreCluster cluster = StoreCluster.start(folder, 3)) {
            for (int member = 0; member < 3; member++) {
                Bytes key = Bytes.utf8("k" + member);
                Answer<Etcd.Committed> put = cluster.client(member).commit(new Txn().put(key, Bytes.utf8("v")));
                assertThat(put).as(cluster.logs()).isInstanceOf(Answer.Done.class);
                for (int reader = 0; reader < 3; reader++) {
                    Answer<Snapshot> read = cluster.client(reader).get(key);
                    assertThat(read).isInstanceOf(Answer.Done.class);
                    assertThat(((Answer.Done<Snapshot>) read).value().pairs()).hasSize(1);
                }
                assertThat(cluster.client(member).grant(60)).isInstanceOf(Answer.Done.class);
            }
        }
    }

    @Test
    void terminated_endsCleanly_andRefusesAnothersFolder() {
        try (StoreCluster cluster = StoreCluster.start(folder, 1)) {
            try (Processes others = Processes.in(folder)) {
                Processes.Running second =
                        others.holdfast("second", List.of("server", "--name=n1", "--data-dir=" + cluster.dataOf(0)));
                assertThat(second.awaitEnd(LIMIT)).isEqualTo(1);
                assertThat(second.log()).contains("is in use by another running server");
                cluster.server(0).terminate();
                assertThat(cluster.server(0).awaitEnd(LIMIT)).as(cluster.logs()).isZero();
                Processes.Running other =
                        others.holdfast("other", List.of("server", "--name=n9", "--data-dir=" + cluster.dataOf(0)));
                assertThat(other.awaitEnd(LIMIT)).isEqualTo(1);
                assertThat(other.log()).contains("belongs to member n1; this server is named n9");
                Processes.Running wrong = others.holdfast(
                        "wrong", List.of("server", "--readers=0", "--data-dir=" + folder.resolve("wrong")));
                assertThat(wrong.awaitEnd(LIMIT)).isEqualTo(2);
                assertThat(wrong.log()).contains("readers is 0; the least is 1");
            }
        }
    }

    private static int count(Etcd client) {
        Answer<Snapshot> all = client.range(holdfast.core.base.KeyRange.prefix(Bytes.utf8("w")), 0);
        return ((Answer.Done<Snapshot>) all).value().pairs().size();
    }
}

package holdfast.server.truth.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Pair;
import holdfast.server.client.Snapshot;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A member whose disk lies says what and where, serves nothing wrong, and is whole again after `--repair`.
final class DiskFaultTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int WRITES = 600;

    @TempDir
    private Path folder;

    @Test
    void flippedBits_inLogAndState_areNamed_andRepairedFromTheOthers() throws IOException {
        try (StoreCluster cluster = StoreCluster.start(folder, 3, "--loop=off", "--log-file-bytes=8388608")) {
            Writers writers = new Writers("w", List.of(cluster.client(0), cluster.client(1)));
            Processes.await("writes", LIMIT, () -> writers.count() >= WRITES);
            writers.close();
            List<String> all = all(cluster.client(0));

            cluster.kill9(2);
            Path log = cluster.dataOf(2).resolve("raft/log/0000000000000001.seg");
            flip(log, 6_000);
            flip(log, 6_008); // of two so far apart one at least is no padding
            cluster.server(2).restart();
            assertThat(cluster.server(2).awaitEnd(LIMIT)).isEqualTo(1);
            assertThat(cluster.server(2).log())
                    .contains("Log file " + log.getFileName() + " is damaged at byte ")
                    .contains("--repair");
            repair(cluster, all);

            cluster.server(2).terminate();
            assertThat(cluster.server(2).awaitEnd(LIMIT)).isZero();
            Path table = biggest(cluster.dataOf(2).resolve("state"), ".sst").orElseThrow();
            // one bit in every block: which of them a read of the newest values needs is RocksDB's affair
            for (long at = 100; at < Files.size(table); at += 1_000) flip(table, at);
            cluster.server(2).restart();
            Processes.await("a member that no longer serves", LIMIT, () -> {
                Answer<Snapshot> read = cluster.client(2).range(KeyRange.prefix(Bytes.utf8("w")), 0);
                if (read instanceof Answer.Done<Snapshot>(Snapshot found)) {
                    assertThat(say(found)).isEqualTo(all); // nothing wrong is ever served
                }
                return !cluster.server(2).isAlive();
            });
            assertThat(cluster.server(2).log()).contains(table.getFileName().toString());
            repair(cluster, all);
        }
    }

    @Test
    void memberAlone_isNotRepaired_sinceNobodyHasItsData() {
        try (StoreCluster cluster = StoreCluster.start(folder, 1, "--loop=off")) {
            Writers writers = new Writers("w", List.of(cluster.client(0)));
            Processes.await("writes", LIMIT, () -> writers.count() >= 50);
            writers.close();
            cluster.kill9(0);
            cluster.server(0).restartWith("--repair");
            assertThat(cluster.server(0).awaitEnd(LIMIT)).isEqualTo(1);
            assertThat(cluster.server(0).log()).contains("nobody to catch up from");
            try (Processes others = Processes.in(folder)) {
                String data = cluster.dataOf(0).toString();
                Processes.Running repair = others.holdfast("repair", List.of("repair", data));
                assertThat(repair.awaitEnd(LIMIT)).isEqualTo(1);
                assertThat(repair.log()).contains("nobody to catch up from");
            }
            cluster.server(0).restart();
            cluster.awaitLeader();
            assertThat(writers.missing("w", cluster.client(0))).isEmpty();
        }
    }

    /// Starts member 2 with `--repair`, waits until it serves all of it, and once more without.
    private static void repair(StoreCluster cluster, List<String> all) {
        cluster.server(2).restartWith("--repair");
        awaitAll(cluster, all);
        cluster.kill9(2);
        cluster.server(2).restart();
        awaitAll(cluster, all);
    }

    private static void awaitAll(StoreCluster cluster, List<String> all) {
        try {
            Processes.await("all of it served by member 2", LIMIT, () -> {
                Answer<Snapshot> read = cluster.client(2).range(KeyRange.prefix(Bytes.utf8("w")), 0);
                return read instanceof Answer.Done<Snapshot>(Snapshot found)
                        && say(found).equals(all);
            });
        } catch (AssertionError late) {
            throw new AssertionError(cluster.logs(), late);
        }
    }

    private static List<String> all(Etcd client) {
        Answer<Snapshot> read = client.range(KeyRange.prefix(Bytes.utf8("w")), 0);
        assertThat(read).isInstanceOf(Answer.Done.class);
        return say(((Answer.Done<Snapshot>) read).value());
    }

    private static List<String> say(Snapshot found) {
        return found.pairs().stream().map(Pair::toString).toList();
    }

    private static Optional<Path> biggest(Path under, String ending) throws IOException {
        try (Stream<Path> files = Files.walk(under)) {
            return files.filter(file -> file.toString().endsWith(ending))
                    .max(Comparator.<Path>comparingLong(file -> file.toFile().length())
                            .thenComparing(Comparator.reverseOrder()));
        }
    }

    private static void flip(Path file, long at) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            assertThat(channel.read(one, at)).isEqualTo(1);
            one.put(0, (byte) (one.get(0) ^ 0x10)).flip();
            assertThat(channel.write(one, at)).isEqualTo(1);
        }
    }
}

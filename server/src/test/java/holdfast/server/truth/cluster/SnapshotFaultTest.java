package holdfast.server.truth.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Snapshot;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A flipped bit in a snapshot is named by whoever was about to use it or to give it away, and goes nowhere.
final class SnapshotFaultTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String[] FLAGS = {"--loop=off", "--snapshot-entries=100", "--log-file-bytes=8388608"};

    @TempDir
    private Path folder;

    @Test
    void memberThatNeedsItsSnapshot_findsItDamaged_andIsRepairedFromTheOthers() throws IOException {
        try (StoreCluster cluster = StoreCluster.start(folder, 3, FLAGS)) {
            write(cluster, "w", 400, 0, 1);
            List<String> all = all(cluster.client(0));
            awaitAll(cluster, 2, all);

            cluster.kill9(2);
            remove(cluster.dataOf(2).resolve("state"));
            cluster.server(2).restart();
            awaitAll(cluster, 2, all); // out of its own snapshot, as long as that is whole

            cluster.kill9(2);
            remove(cluster.dataOf(2).resolve("state"));
            Path table = tables(newest(cluster, 2)).getFirst();
            flip(table);
            cluster.server(2).restart();
            assertThat(cluster.server(2).awaitEnd(LIMIT)).isEqualTo(1);
            assertThat(cluster.server(2).log()).contains("is damaged: " + table).contains("--repair");
            cluster.server(2).restartWith("--repair");
            awaitAll(cluster, 2, all);
        }
    }

    @Test
    void leader_whoseSnapshotIsDamaged_givesItToNobody_andStopsWhenItsStateIsDamagedToo() throws IOException {
        try (StoreCluster cluster = StoreCluster.start(folder, 3, FLAGS)) {
            write(cluster, "a", 150, 0, 1);
            int leader = cluster.awaitLeader();
            int behind = (leader + 1) % 3;
            int other = (leader + 2) % 3;

            cluster.kill9(behind);
            write(cluster, "b", 400, leader);
            Path table = tables(newest(cluster, leader)).getFirst();
            Path copy = Files.copy(table, table.resolveSibling("copy"));
            Files.move(copy, table, StandardCopyOption.REPLACE_EXISTING); // the state keeps the whole one
            flip(table);
            cluster.server(behind).restart();
            cluster.server(leader).awaitOutput("is damaged: " + table, LIMIT);
            write(cluster, "c", 30, leader); // so that the next snapshot may be made
            awaitAll(cluster, behind, all(cluster.client(leader)));
            assertThat(cluster.server(leader).isAlive()).isTrue();
            assertThat(cluster.leader()).isEqualTo(leader);

            cluster.kill9(behind);
            write(cluster, "d", 400, leader);
            for (int more = 0; shared(cluster, leader).isEmpty() && more < 5; more++) { // it has just been compacted
                write(cluster, "e" + more, 100, leader);
            }
            List<String> all = all(cluster.client(leader));
            Path shared = shared(cluster, leader).orElseThrow();
            flip(shared);
            cluster.server(behind).restart();
            assertThat(cluster.server(leader).awaitEnd(LIMIT)).isNotZero();
            assertThat(cluster.server(leader).log())
                    .contains("The state is damaged, and a snapshot of it")
                    .contains(shared.getFileName().toString())
                    .contains("--repair");
            awaitAll(cluster, behind, all);
            awaitAll(cluster, other, all);
            cluster.server(leader).restartWith("--repair");
            awaitAll(cluster, leader, all);
        }
    }

    private static void write(StoreCluster cluster, String prefix, int count, int... members) {
        List<Etcd> clients = IntStream.of(members).mapToObj(cluster::client).toList();
        Writers writers = new Writers("w" + prefix, clients);
        Processes.await(count + " writes", LIMIT, () -> writers.count() >= count);
        writers.close();
        assertThat(writers.missing("w" + prefix, clients.getFirst())).isEmpty();
    }

    private static List<String> all(Etcd client) {
        Answer<Snapshot> read = client.range(KeyRange.prefix(Bytes.utf8("w")), 0);
        assertThat(read).isInstanceOf(Answer.Done.class);
        return say(((Answer.Done<Snapshot>) read).value());
    }

    private static List<String> say(Snapshot found) {
        return found.pairs().stream().map(Object::toString).toList();
    }

    private static void awaitAll(StoreCluster cluster, int member, List<String> all) {
        try {
            Processes.await("all of it served by member " + member, LIMIT, () -> {
                Answer<Snapshot> read = cluster.client(member).range(KeyRange.prefix(Bytes.utf8("w")), 0);
                return read instanceof Answer.Done<Snapshot>(Snapshot found)
                        && say(found).equals(all);
            });
        } catch (AssertionError late) {
            throw new AssertionError(cluster.logs(), late);
        }
    }

    private static Path newest(StoreCluster cluster, int member) throws IOException {
        try (Stream<Path> snapshots = Files.list(cluster.dataOf(member).resolve("raft/snapshots"))) {
            return snapshots
                    .filter(each -> each.getFileName().toString().matches("\\d+-\\d+"))
                    .max(Comparator.comparingLong(
                            each -> Long.parseLong(each.getFileName().toString().split("-", -1)[0])))
                    .orElseThrow();
        }
    }

    /// The newest first.
    private static List<Path> tables(Path below) throws IOException {
        try (Stream<Path> files = Files.walk(below)) {
            return files.filter(file -> file.toString().endsWith(".sst"))
                    .sorted(Comparator.reverseOrder())
                    .toList();
        }
    }

    /// A table of the newest snapshot that the state is made of, too.
    private static Optional<Path> shared(StoreCluster cluster, int member) throws IOException {
        List<Object> ofState = tables(cluster.dataOf(member).resolve("state")).stream()
                .map(SnapshotFaultTest::identity)
                .toList();
        return tables(newest(cluster, member)).stream()
                .filter(table -> ofState.contains(identity(table)))
                .findFirst();
    }

    private static Object identity(Path file) {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        } catch (IOException gone) {
            return file;
        }
    }

    private static void flip(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            long at = channel.size() / 3;
            assertThat(channel.read(one, at)).isEqualTo(1);
            one.put(0, (byte) (one.get(0) ^ 0x10)).flip();
            assertThat(channel.write(one, at)).isEqualTo(1);
        }
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        }
    }
}

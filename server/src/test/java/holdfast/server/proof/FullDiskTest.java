package holdfast.server.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.core.base.Bytes;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import holdfast.server.client.Snapshot;
import holdfast.server.client.Txn;
import holdfast.server.peers.Processes;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A member on a real disk without room.
final class FullDiskTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    @Test
    void memberOnAFullDisk_saysSo_stops_andHasAllThatItAcknowledged() {
        Vertx vertx = Vertx.vertx();
        try (Lab lab = Lab.openPlain(folder, Ticker.system());
                Processes processes = Processes.in(folder)) {
            LoopDisk disk = lab.addDisk("small", 64);
            assumeTrue(disk.isThere(), disk.missing());
            int port = Processes.freePort();
            Processes.Running server = processes.holdfast(
                    "full",
                    List.of(
                            "server",
                            "--name=n1",
                            "--loop=off",
                            "--data-dir=" + disk.path().resolve("n1"),
                            "--listen-client=127.0.0.1:" + port,
                            "--listen-peer=127.0.0.1:" + Processes.freePort(),
                            "--request-bytes-max=65536",
                            "--log-file-bytes=2097152"));
            try (Etcd client = Etcd.open(
                    vertx,
                    EtcdConfig.of(List.of(new Endpoint("127.0.0.1", port, false)))
                            .withCallLimit(Duration.ofSeconds(2)),
                    Ticker.system())) {
                Processes.await("the first write", LIMIT, () -> put(client, 0));
                disk.fill();
                int[] next = {1};
                Processes.await("the end of the member", LIMIT, () -> {
                    if (put(client, next[0])) next[0]++;
                    return !server.isAlive();
                });
                assertThat(server.awaitEnd(LIMIT)).isEqualTo(3);
                assertThat(server.log()).contains("No space left on device").containsPattern("\\d+\\.(seg|sst)");

                disk.empty();
                server.restart();
                Processes.await("the member's return", LIMIT, () -> put(client, 1_000_000));
                for (int number = 0; number < next[0]; number++) {
                    Answer<Snapshot> read = client.get(Bytes.utf8("k" + number));
                    assertThat(read).isInstanceOf(Answer.Done.class);
                    assertThat(((Answer.Done<Snapshot>) read).value().pairs())
                            .as("k%d", number)
                            .hasSize(1);
                }
                assertThat(next[0]).isGreaterThan(10);
            }
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().join();
        }
    }

    private static boolean put(Etcd client, int number) {
        Txn put = new Txn().put(Bytes.utf8("k" + number), Bytes.wrap(new byte[20_000]));
        return client.commit(put) instanceof Answer.Done<Etcd.Committed>;
    }
}

package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.peers.RealEtcd;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The same long transcript by the real `etcdctl` against a real etcd and against our door.
final class EtcdctlTest {
    @Test
    void transcript_againstBoth_isEqual(@TempDir Path folder) throws Exception {
        Path etcdctl = RealEtcd.program("etcdctl").orElse(null);
        Assumptions.assumeTrue(etcdctl != null, "etcdctl is not installed: tools/install-etcd builds it");
        List<String> lines = Files.readAllLines(
                Path.of(EtcdctlTest.class.getResource("etcdctl.transcript").toURI()));
        Vertx vertx = Vertx.vertx();
        try (RealEtcd etcd = RealEtcd.start(folder, 1);
                MemoryStore store = new MemoryStore();
                EtcdDoor door = EtcdDoor.open(EtcdConfig.at("127.0.0.1", 0), vertx, store, () -> "");
                ExecutorService both = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<Transcript> real = () -> new Etcdctl(etcdctl, etcd.url()).run(lines);
            Callable<Transcript> ours = () -> new Etcdctl(etcdctl, "http://127.0.0.1:" + door.port()).run(lines);
            Future<Transcript> realRun = both.submit(real);
            Future<Transcript> ourRun = both.submit(ours);

            List<String> differences = realRun.get().differencesTo(ourRun.get());
            System.out.println("etcdctl transcript: " + realRun.get().steps().size() + " steps, " + differences.size()
                    + " differences");
            assertThat(differences).isEmpty();
        } finally {
            vertx.close();
        }
    }
}

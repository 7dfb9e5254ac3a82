package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.peers.RealEtcd;
import holdfast.server.peers.StoreCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The same long transcript by the real `etcdctl` against a real etcd and against `holdfast server`.
final class EtcdctlTest {
    @ParameterizedTest
    @ValueSource(strings = {"etcdctl.transcript", "etcdctl-auth.transcript"})
    void transcript_againstBoth_isEqual(String file, @TempDir Path folder) throws Exception {
        Path etcdctl = RealEtcd.program("etcdctl").orElse(null);
        Assumptions.assumeTrue(etcdctl != null, "etcdctl is not installed: tools/install-etcd builds it");
        List<String> lines =
                Files.readAllLines(Path.of(EtcdctlTest.class.getResource(file).toURI()));
        try (RealEtcd etcd = RealEtcd.start(Files.createDirectory(folder.resolve("etcd")), 1);
                StoreCluster holdfast =
                        StoreCluster.start(Files.createDirectory(folder.resolve("holdfast")), 1, "--loop=off");
                ExecutorService both = Executors.newCachedThreadPool()) {
            Callable<Transcript> real = () -> new Etcdctl(etcdctl, etcd.url(0)).run(lines);
            Callable<Transcript> ours = () -> new Etcdctl(etcdctl, holdfast.url(0)).run(lines);
            Future<Transcript> realRun = both.submit(real);
            Future<Transcript> ourRun = both.submit(ours);

            List<String> differences = realRun.get().differencesTo(ourRun.get());
            System.out.println(
                    file + ": " + realRun.get().steps().size() + " steps, " + differences.size() + " differences");
            assertThat(differences).isEmpty();
        }
    }
}

package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.peers.RealEtcd;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The life of a cluster under TLS with client certificates by the real `etcdctl`: keys, users, members that come and
/// go, alarms, snapshots. `etcd` and `holdfast etcd` get the same flags and must answer alike.
final class SecureTranscriptTest {
    private static final int STEPS_MIN = 150;

    @Test
    void transcript_againstBoth_isEqual(@TempDir Path folder) throws Exception {
        Path etcdctl = RealEtcd.program("etcdctl").orElse(null);
        Path etcd = RealEtcd.program("etcd").orElse(null);
        Assumptions.assumeTrue(etcdctl != null && etcd != null, "etcd is not installed: tools/install-etcd builds it");
        List<String> lines = Files.readAllLines(Path.of(
                SecureTranscriptTest.class.getResource("etcdctl-tls.transcript").toURI()));
        SecureCluster.Program real = (processes, name, flags) -> {
            List<String> command = new ArrayList<>(List.of(etcd.toString()));
            command.addAll(flags);
            return processes.start(name, command, Map.of());
        };
        SecureCluster.Program ours = (processes, name, flags) -> {
            List<String> arguments = new ArrayList<>(List.of("etcd"));
            arguments.addAll(flags);
            return processes.holdfast(name, arguments);
        };
        try (ExecutorService both = Executors.newCachedThreadPool()) {
            Path realFolder = Files.createDirectory(folder.resolve("etcd"));
            Path ourFolder = Files.createDirectory(folder.resolve("ours"));
            Future<Transcript> realRun = both.submit(run(etcdctl, realFolder, real, lines));
            Future<Transcript> ourRun = both.submit(run(etcdctl, ourFolder, ours, lines));

            List<String> differences = realRun.get().differencesTo(ourRun.get());
            int steps = realRun.get().steps().size();
            System.out.println("etcdctl-tls.transcript: " + steps + " steps, " + differences.size() + " differences");
            assertThat(differences).isEmpty();
            assertThat(steps).isGreaterThanOrEqualTo(STEPS_MIN);
        }
    }

    private static Callable<Transcript> run(
            Path etcdctl, Path folder, SecureCluster.Program program, List<String> lines) {
        return () -> {
            try (SecureCluster cluster = SecureCluster.start(etcdctl, folder, program)) {
                return new Etcdctl(etcdctl, cluster).run(lines);
            }
        };
    }
}

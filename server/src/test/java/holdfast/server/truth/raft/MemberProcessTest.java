package holdfast.server.truth.raft;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.server.base.Threads;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Members as processes, killed with -9.
final class MemberProcessTest {
    private static final int KILLS = Integer.getInteger("holdfast.kills", 4);

    @TempDir
    private Path root;

    private final Map<Integer, Child> children = new TreeMap<>();
    private final Set<String> acknowledged = new ConcurrentSkipListSet<>();
    private volatile int leader;
    private volatile long ackNanos;
    private volatile long acks;

    /// A process and what it said.
    private final class Child {
        private final int id;
        private final Process process;
        private final Set<String> has = new ConcurrentSkipListSet<>();
        private volatile boolean up;
        private volatile boolean dumped;

        Child(int id, String ports) throws IOException {
            this.id = id;
            process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx128m",
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "--enable-native-access=ALL-UNNAMED",
                            "--sun-misc-unsafe-memory-access=allow",
                            "-cp",
                            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                            MemberProcess.class.getName(),
                            String.valueOf(id),
                            ports,
                            root.toString())
                    .redirectErrorStream(true)
                    .start();
            Threads.startPlatform("child " + id, this::listen);
        }

        private void listen() {
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) heard(line);
            } catch (IOException killed) {
                // as it should be
            }
        }

        private void heard(String line) {
            if (line.startsWith("ack ")) {
                acknowledged.add(line.substring(4));
                leader = id;
                ackNanos = System.nanoTime();
                acks++;
            } else if (line.startsWith("has ")) {
                has.add(line.substring(4));
            } else if (line.equals("up")) {
                up = true;
            } else if (line.equals("end")) {
                dumped = true;
            }
        }

        void kill() throws InterruptedException {
            process.destroyForcibly().waitFor();
        }

        void dump() throws IOException {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
        }
    }

    @Test
    void leaderKilledAgainAndAgain_writesGoOnAndNothingAcknowledgedIsMissing() throws Exception {
        String ports = java.util.stream.IntStream.range(0, 3)
                .mapToObj(_ -> Members.peer(1, true).address().split(":")[1])
                .collect(Collectors.joining(","));
        try {
            for (int id = 1; id <= 3; id++) children.put(id, new Child(id, ports));
            Members.until(Duration.ofSeconds(60), () -> acks > 100);
            List<Long> gaps = new ArrayList<>();
            for (int kill = 0; kill < KILLS; kill++) {
                int killed = leader;
                children.get(killed).kill();
                long from = System.nanoTime();
                Members.until(Duration.ofSeconds(30), () -> leader != killed && ackNanos - from > 0);
                gaps.add((ackNanos - from) / 1_000_000);
                children.put(killed, new Child(killed, ports));
                long before = acks;
                Members.until(Duration.ofSeconds(60), () -> children.get(killed).up && acks > before + 300);
            }
            for (Child child : children.values()) child.kill(); // all at once
            int before = acknowledged.size();
            for (int id = 1; id <= 3; id++) children.put(id, new Child(id, ports));
            Members.until(Duration.ofSeconds(60), () -> acknowledged.size() > before);
            long[] sorted = gaps.stream().mapToLong(Long::longValue).sorted().toArray();
            System.out.println("leader killed " + KILLS + " times: first write after ms " + Arrays.toString(sorted));
            Set<String> all = Set.copyOf(acknowledged);
            Members.until(Duration.ofSeconds(30), everybodyHasAll(all));
            assertThat(sorted[sorted.length / 2]).as("median of %s", gaps).isLessThan(5_000);
        } finally {
            for (Child child : children.values()) child.kill();
        }
    }

    private java.util.function.BooleanSupplier everybodyHasAll(Set<String> all) {
        return () -> {
            for (Child child : children.values()) {
                try {
                    child.dumped = false;
                    child.dump();
                    Members.until(Duration.ofSeconds(10), () -> child.dumped);
                } catch (IOException gone) {
                    return false;
                }
                if (!child.has.containsAll(all)) return false;
            }
            return true;
        };
    }
}

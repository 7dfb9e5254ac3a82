package holdfast.server.truth.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import holdfast.core.base.Dice;
import holdfast.core.base.Reason;
import holdfast.server.base.Ticker;
import holdfast.server.truth.raft.RaftLog.Appended;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// Members in this process, on real sockets and folders.
final class Members implements AutoCloseable {
    final Map<Integer, MicroRaftLog> running = new TreeMap<>();
    final Map<Integer, CountingMachine> machines = new TreeMap<>();
    final List<Reason> halts = new CopyOnWriteArrayList<>();
    private final Path root;
    private final RaftConfig config;
    private final List<RaftLog.Peer> peers = new ArrayList<>();
    private final @Nullable SSLContext tls;
    long logBytesMax = 1L << 30;

    Members(Path root, int count, int snapshotEvery, @Nullable SSLContext tls) throws IOException {
        this.root = root;
        this.tls = tls;
        RaftConfig standard = RaftConfig.DEFAULT;
        this.config = new RaftConfig(
                standard.heartbeatEvery(),
                standard.leaderTimeout(),
                standard.electionTimeout(),
                snapshotEvery,
                standard.pendingMax(),
                standard.entriesPerMessage(),
                standard.askTimeout(),
                standard.learnerLagMax());
        for (int id = 1; id <= count; id++) peers.add(peer(id, true));
    }

    Members started() {
        for (RaftLog.Peer peer : peers) start(peer.id());
        return this;
    }

    static RaftLog.Peer peer(int id, boolean voter) {
        return new RaftLog.Peer(id, "n" + id, "127.0.0.1:" + freePort(), voter);
    }

    private static int freePort() {
        for (int port = 22000; port < 22200; port++) {
            try (ServerSocket socket = new ServerSocket(port)) {
                if (TAKEN.add(socket.getLocalPort())) return port;
            } catch (IOException taken) {
                continue;
            }
        }
        return fail("no free port");
    }

    private static final java.util.Set<Integer> TAKEN = new java.util.TreeSet<>();

    void start(int id) {
        start(peers.get(id - 1), peers, LogFilesOf.REAL);
    }

    /// What a member's log is written to.
    enum LogFilesOf {
        REAL,
        FAILING
    }

    MicroRaftLog start(RaftLog.Peer self, List<RaftLog.Peer> initial, LogFilesOf files) {
        CountingMachine machine = new CountingMachine();
        try {
            RaftOptions options = options(self, initial, "cluster-a");
            MicroRaftLog log = MicroRaftLog.open(
                    options,
                    machine,
                    files == LogFilesOf.REAL ? MicroRaftLog.filesOf(options) : new FailingFiles(options));
            machines.put(self.id(), machine);
            running.put(self.id(), log);
            return log;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    RaftOptions options(RaftLog.Peer self, List<RaftLog.Peer> initial, String cluster) {
        return new RaftOptions(
                root.resolve("n" + self.id()),
                cluster,
                self,
                "127.0.0.1",
                Integer.parseInt(self.address().substring(self.address().indexOf(':') + 1)),
                initial,
                config,
                1 << 20,
                1 << 20,
                logBytesMax,
                tls,
                Ticker.system(),
                new Dice(self.id()),
                halts::add);
    }

    List<RaftLog.Peer> peers() {
        return peers;
    }

    void stop(int id) {
        running.remove(id).close();
    }

    void wipe(int id) throws IOException {
        try (Stream<Path> all = Files.walk(root.resolve("n" + id))) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        }
    }

    MicroRaftLog leader() {
        until(
                Duration.ofSeconds(10),
                () -> running.values().stream().anyMatch(log -> log.status().leading()));
        return running.values().stream()
                .filter(log -> log.status().leading())
                .max(Comparator.comparingLong(log -> log.status().term()))
                .orElseThrow();
    }

    /// Appends on whoever leads until it is acknowledged; an unknown outcome may have happened and is tried
    /// again.
    void write(String text) {
        long limit = System.nanoTime() + 10_000_000_000L;
        while (System.nanoTime() < limit) {
            if (append(leader(), text) instanceof Appended.Done) return;
        }
        fail("no acknowledgement within 10 s");
    }

    static Appended append(RaftLog log, String text) {
        SynchronousQueue<Appended> answer = new SynchronousQueue<>();
        log.append(
                text.getBytes(),
                appended -> holdfast.server.base.Threads.start("answer", () -> {
                    try {
                        answer.put(appended);
                    } catch (InterruptedException end) {
                        Thread.currentThread().interrupt();
                    }
                }));
        try {
            Appended appended = answer.poll(10, TimeUnit.SECONDS);
            return appended == null ? fail("no answer within 10 s") : appended;
        } catch (InterruptedException end) {
            throw new IllegalStateException(end);
        }
    }

    /// Waits until every running machine holds the same entries, `count` different ones at least.
    void agree(int count) {
        until(Duration.ofSeconds(15), () -> {
            List<List<String>> all = running.keySet().stream()
                    .map(id -> machines.get(id).entries())
                    .distinct()
                    .toList();
            return all.size() == 1 && all.getFirst().stream().distinct().count() >= count;
        });
    }

    static void until(Duration limit, BooleanSupplier condition) {
        long end = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime())
                    .as("it did not come about within %s", limit)
                    .isLessThan(end);
            java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
        }
    }

    @Override
    public void close() {
        running.values().forEach(MicroRaftLog::close);
        running.clear();
    }

    /// A real folder whose files fail from the moment that somebody says so.
    static final class FailingFiles implements LogFiles {
        static volatile boolean failing;
        private final LogFiles real;

        FailingFiles(RaftOptions options) throws IOException {
            real = MicroRaftLog.filesOf(options);
            failing = false;
        }

        @Override
        public List<String> names() throws IOException {
            return real.names();
        }

        @Override
        public LogFile open(String name) throws IOException {
            return new Failing(real.open(name));
        }

        @Override
        public LogFile createZeroed(String name, long bytes) throws IOException {
            return new Failing(real.createZeroed(name, bytes));
        }

        @Override
        public void delete(String name) throws IOException {
            real.delete(name);
        }

        private record Failing(LogFile file) implements LogFile {
            @Override
            public long size() throws IOException {
                return file.size();
            }

            @Override
            public void read(java.nio.ByteBuffer into, long at) throws IOException {
                file.read(into, at);
            }

            @Override
            public void write(java.nio.ByteBuffer from, long at) throws IOException {
                file.write(from, at);
            }

            @Override
            public void force() throws IOException {
                if (failing) throw new IOException("the disk says no");
                file.force();
            }

            @Override
            public void close() throws IOException {
                file.close();
            }
        }
    }
}

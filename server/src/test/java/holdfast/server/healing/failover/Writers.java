package holdfast.server.healing.failover;

import holdfast.server.peers.Processes;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/// One client for each way to write and each host: each writes numbers of its own wherever that is allowed, all the
/// time, and keeps those that were acknowledged. A server that should not acknowledge is so found out.
public final class Writers implements AutoCloseable {
    /// What [#awaitMore] waits for at the least before something is done to a cluster, and after.
    static final int SOME = 20;

    private static final int PAUSE_MILLIS = 5;
    private static final int RETRY_MILLIS = 20;
    private static final Duration END_LIMIT = Duration.ofSeconds(10);
    private static final long NUMBERS_OF_A_HOST = 1_000_000_000_000L;

    /// A way to write.
    public interface Way {
        /// Whether what it acknowledges outlives any one host.
        boolean lasts();

        Pen open(int host) throws IOException;

        /// All that was written by this way, as one host's server has it.
        Set<Long> read(int host) throws IOException;
    }

    /// A client's connection.
    public interface Pen extends AutoCloseable {
        /// @return whether it is acknowledged; if not, a later one may be
        /// @throws IOException when another connection is needed
        boolean write(long number) throws IOException;

        @Override
        void close();
    }

    private record Acknowledged(long number, long nanos) {}

    private final ClusterHosts hosts;
    private final Map<Way, Queue<Acknowledged>> acknowledged = new LinkedHashMap<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean closed;

    Writers(ClusterHosts hosts) {
        this.hosts = hosts;
        for (Way way : hosts.ways()) acknowledged.put(way, new ConcurrentLinkedQueue<>());
        acknowledged.forEach((way, numbers) -> {
            for (int host = 1; host <= 3; host++) {
                int which = host;
                threads.add(Thread.ofPlatform().daemon().start(() -> write(way, which, numbers)));
            }
        });
    }

    private void write(Way way, int host, Queue<Acknowledged> numbers) {
        long number = host * NUMBERS_OF_A_HOST + System.nanoTime() % NUMBERS_OF_A_HOST;
        while (!closed) {
            try (Pen pen = way.open(host)) {
                while (!closed) {
                    boolean done = pen.write(++number);
                    if (done) numbers.add(new Acknowledged(number, System.nanoTime()));
                    pause(done ? PAUSE_MILLIS : RETRY_MILLIS);
                }
            } catch (IOException _) {
                pause(RETRY_MILLIS); // nobody there
            }
        }
    }

    private static void pause(int millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException bug) {
            throw new IllegalStateException(bug);
        }
    }

    /// Waits until some more writes are acknowledged by each way that lasts.
    public void awaitMore() {
        Map<Way, Integer> wanted = new LinkedHashMap<>();
        acknowledged.forEach((way, numbers) -> {
            if (way.lasts()) wanted.put(way, numbers.size() + SOME);
        });
        hosts.await(
                SOME + " more writes",
                () -> wanted.entrySet().stream()
                        .allMatch(one -> acknowledged.get(one.getKey()).size() >= one.getValue()));
    }

    /// The longest time without an acknowledgement by the first way.
    public Duration longestGap() {
        List<Long> times = acknowledged.values().iterator().next().stream()
                .map(Acknowledged::nanos)
                .sorted()
                .toList();
        long longest = 0;
        for (int index = 1; index < times.size(); index++)
            longest = Math.max(longest, times.get(index) - times.get(index - 1));
        return Duration.ofNanos(longest);
    }

    /// Stops writing; what was acknowledged to last and the present primary does not have.
    public Set<Long> lost() {
        Set<Long> lost = new TreeSet<>();
        for (Way way : acknowledged.keySet()) if (way.lasts()) lost.addAll(missing(way));
        return lost;
    }

    /// Stops writing; what was acknowledged by any way and the present primary does not have.
    public Set<Long> lostByAnyWay() {
        Set<Long> lost = new TreeSet<>();
        for (Way way : acknowledged.keySet()) lost.addAll(missing(way));
        return lost;
    }

    private Set<Long> missing(Way way) {
        close();
        Set<Long> missing =
                acknowledged.get(way).stream().map(Acknowledged::number).collect(Collectors.toCollection(TreeSet::new));
        hosts.await("what was written can be read", () -> {
            int primary = hosts.primary();
            if (primary == 0) return false;
            try {
                missing.removeAll(way.read(primary));
                return true;
            } catch (IOException _) {
                return false;
            }
        });
        return missing;
    }

    @Override
    public void close() {
        closed = true;
        Processes.await("the writers end", END_LIMIT, () -> threads.stream().noneMatch(Thread::isAlive));
    }
}

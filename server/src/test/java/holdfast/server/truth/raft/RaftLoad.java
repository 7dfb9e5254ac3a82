package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import holdfast.server.truth.raft.RaftLog.Appended;
import holdfast.server.truth.raft.RaftLog.Machine;
import holdfast.server.truth.raft.RaftLog.RaftStatus;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// One member of three as a process of its own; the leader's loads itself and prints what it measured. Run by
/// hand: `java -cp ... holdfast.server.truth.raft.RaftLoad ID BASE_PORT FOLDER SECONDS ROUNDS`, with ID from 1
/// to 3.
///
/// Operations of 256 bytes gather while earlier entries are in flight, up to 1,024 an entry.
final class RaftLoad implements Machine {
    private static final int OPERATION_BYTES = 256;
    private static final int OPERATIONS_PER_ENTRY_MAX = 1_024;

    private volatile boolean leading;
    private long applied;

    private RaftLoad() {}

    public static void main(String[] words) throws Exception {
        int id = Integer.parseInt(words[0]);
        int basePort = Integer.parseInt(words[1]);
        int seconds = Integer.parseInt(words[3]);
        List<RaftLog.Peer> peers = new ArrayList<>();
        for (int peer = 1; peer <= 3; peer++) {
            peers.add(new RaftLog.Peer(peer, "n" + peer, "127.0.0.1:" + (basePort + peer), true));
        }
        RaftLoad machine = new RaftLoad();
        RaftLog log = RaftLog.open(
                RaftOptions.of(
                        Path.of(words[2], "n" + id),
                        "load",
                        peers.get(id - 1),
                        "127.0.0.1",
                        basePort + id,
                        peers,
                        null,
                        new Dice(id * 77L)),
                machine);
        while (!machine.leading) LockSupport.parkNanos(10_000_000);
        Thread.sleep(2_000);
        for (int round = 0; round < Integer.parseInt(words[4]); round++) {
            for (int entriesMax : new int[] {1, 2}) {
                for (int inFlight : new int[] {1, 64, 512}) new Load(log, inFlight, entriesMax).run(seconds);
            }
        }
        System.out.println("status " + log.status());
        System.exit(0);
    }

    /// A closed loop.
    private static final class Load {
        private final RaftLog log;
        private final int inFlight;
        private final int entriesMax;
        private final CountDownLatch ended = new CountDownLatch(1);
        private long[] waiting; // when each began
        private int waitingCount;
        private int entries;
        private long[] nanos = new long[1 << 23];
        private int count;
        private boolean over;
        private long failures;

        Load(RaftLog log, int inFlight, int entriesMax) {
            this.log = log;
            this.inFlight = inFlight;
            this.entriesMax = entriesMax;
            this.waiting = new long[inFlight];
        }

        void run(int seconds) throws InterruptedException {
            long cpuBefore = cpu();
            long start = System.nanoTime();
            log.execute(() -> {
                for (int at = 0; at < inFlight; at++) waiting[waitingCount++] = System.nanoTime();
                pump();
            });
            Thread.sleep(seconds * 1_000L);
            log.execute(() -> over = true);
            ended.await();
            double took = (System.nanoTime() - start) / 1e9;
            long[] sorted = Arrays.copyOf(nanos, count);
            Arrays.sort(sorted);
            System.out.printf(
                    "in flight %d, entries %d: %,.0f/s p50 %.2f ms p99 %.2f ms, leader CPU %.2f s per 100k, failures"
                            + " %d%n",
                    inFlight,
                    entriesMax,
                    count / took,
                    sorted[count / 2] / 1e6,
                    sorted[count * 99 / 100] / 1e6,
                    (cpu() - cpuBefore) / 1e9 / count * 100_000,
                    failures);
        }

        private static long cpu() {
            return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                    .getProcessCpuTime();
        }

        private void pump() {
            if (over && entries == 0) ended.countDown();
            while (!over && entries < entriesMax && waitingCount > 0) {
                int batch = Math.min(waitingCount, OPERATIONS_PER_ENTRY_MAX);
                long[] began = Arrays.copyOf(waiting, batch);
                System.arraycopy(waiting, batch, waiting, 0, waitingCount - batch);
                waitingCount -= batch;
                entries++;
                log.append(new byte[batch * OPERATION_BYTES], appended -> done(began, appended));
            }
        }

        private void done(long[] began, Appended appended) {
            entries--;
            long now = System.nanoTime();
            if (!(appended instanceof Appended.Done)) {
                failures++;
                over = true; // the lead is lost, and with it the measurement
            }
            for (long from : began) {
                if (count < nanos.length) nanos[count++] = now - from;
                waiting[waitingCount++] = now;
            }
            pump();
        }
    }

    @Override
    public Object apply(long index, long term, byte[] entry) {
        return ++applied;
    }

    @Override
    public long durableIndex() {
        return 0;
    }

    @Override
    public void snapshot(long index, Path into) {}

    @Override
    public void restore(long index, Path from) {}

    @Override
    public void forwarded(byte[] request, Consumer<byte[]> reply) {
        reply.accept(request);
    }

    @Override
    public void roleChanged(RaftStatus now) {
        leading = now.leading();
    }
}

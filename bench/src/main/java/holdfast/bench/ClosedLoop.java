package holdfast.bench;

import com.google.protobuf.ByteString;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// A fixed number of calls in flight: each answer sends the next call, to the members in turn, as etcd's own
/// clients do.
final class ClosedLoop {
    private static final int SAMPLES_MAX = 8_000_000;

    /// What to ask.
    interface Work {
        Ask next(long count);
    }

    record Ask(Http2Headers head, ByteString message) {}

    /// What one run measured.
    ///
    /// @param worstMillis the slowest call
    record Result(double perSecond, double p50Millis, double p99Millis, double worstMillis, long done, long failed) {}

    private final List<Wire> wires;
    private final Work work;
    private final AtomicBoolean over;
    private final CountDownLatch idle;
    private final long[] latencies = new long[SAMPLES_MAX];
    private int done;
    private long failed;
    private long next;

    private ClosedLoop(List<Wire> wires, Work work, int inFlight, AtomicBoolean over) {
        this.wires = wires;
        this.work = work;
        this.over = over;
        idle = new CountDownLatch(inFlight);
    }

    /// Runs for `seconds`. Not on the event loop.
    ///
    /// @param wires all on one event loop
    static Result run(List<Wire> wires, Work work, int inFlight, double seconds) throws InterruptedException {
        AtomicBoolean over = new AtomicBoolean();
        var _ = wires.getFirst().loop().schedule(() -> over.set(true), (long) (seconds * 1e9), TimeUnit.NANOSECONDS);
        return run(wires, work, inFlight, over);
    }

    /// Runs until `over`.
    static Result run(List<Wire> wires, Work work, int inFlight, AtomicBoolean over) throws InterruptedException {
        long begun = System.nanoTime();
        ClosedLoop run = new ClosedLoop(wires, work, inFlight, over);
        wires.getFirst().loop().execute(() -> {
            for (int slot = 0; slot < inFlight; slot++) run.send();
        });
        run.idle.await();
        double took = (System.nanoTime() - begun) / 1e9;
        long[] sorted = Arrays.copyOf(run.latencies, run.done);
        Arrays.sort(sorted);
        return new Result(run.done / took, at(sorted, 50), at(sorted, 99), at(sorted, 100), run.done, run.failed);
    }

    private void send() {
        long begun = System.nanoTime();
        if (over.get()) {
            idle.countDown();
            return;
        }
        Wire wire = wires.get((int) (next % wires.size()));
        Ask ask = work.next(next++);
        wire.call(ask.head(), ask.message(), true, good -> {
            if (!good) failed++;
            else if (done < SAMPLES_MAX) latencies[done++] = System.nanoTime() - begun;
            wire.loop().execute(this::send);
        });
    }

    static double at(long[] sorted, int percentile) {
        return sorted.length == 0 ? 0 : sorted[(int) ((sorted.length - 1L) * percentile / 100)] / 1e6;
    }
}

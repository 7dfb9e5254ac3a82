package holdfast.bench;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Puts at a fixed share of the peak for a long while: is what is served the same all along, and memory, too?
final class Soak {
    private static final double SHARE_OF_PEAK = 0.7;
    private static final int PEAK_IN_FLIGHT = 64;
    private static final double PEAK_SECONDS = 10;
    private static final int WINDOWS = 20;
    private static final int OUTSTANDING_MAX = 100_000;
    private static final int DRAIN_SECONDS_MAX = 10;
    private static final String LEADERS_SEEN = "etcd_server_leader_changes_seen_total ";

    private final Side side;
    private final ClosedLoop.Work work = Works.puts(21);
    private long sent;
    private volatile long done;
    private volatile long failed;

    private Soak(Side side) {
        this.side = side;
    }

    /// Prints a line for each twentieth of `seconds` and one for the whole, and what the servers said if any put failed.
    static void run(Side side, double seconds) throws IOException, InterruptedException {
        double peak = side.run(Works.puts(20), PEAK_IN_FLIGHT, PEAK_SECONDS).perSecond();
        System.out.printf(
                "soak of %s: peak %,.0f puts/s at %d in flight; %,.0f/s for %.0f s%n",
                side.cluster().name(), peak, PEAK_IN_FLIGHT, SHARE_OF_PEAK * peak, seconds);
        new Soak(side).measure(SHARE_OF_PEAK * peak, seconds);
    }

    private void measure(double perSecond, double seconds) throws IOException, InterruptedException {
        long changesBefore = leaderChanges();
        long begun = System.nanoTime();
        long endNanos = begun + (long) (seconds * 1e9);
        side.loop().execute(() -> feed(begun, endNanos, perSecond));
        List<Double> rates = new ArrayList<>();
        List<Double> memory = new ArrayList<>();
        long doneBefore = 0;
        long before = begun;
        for (int window = 1; window <= WINDOWS; window++) {
            TimeUnit.NANOSECONDS.sleep(begun + (long) (window * seconds / WINDOWS * 1e9) - System.nanoTime());
            long now = System.nanoTime();
            long doneNow = done;
            rates.add((doneNow - doneBefore) / ((now - before) / 1e9));
            memory.add(side.cluster().memberMebibytes());
            System.out.printf(
                    "  %4.0f s  %,8.0f puts/s  %4.0f MiB  %d failed%n",
                    (now - begun) / 1e9, rates.getLast(), memory.getLast(), failed);
            doneBefore = doneNow;
            before = now;
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DRAIN_SECONDS_MAX);
        while (done + failed < sent && System.nanoTime() - deadline < 0) TimeUnit.MILLISECONDS.sleep(5);
        long elections = leaderChanges() - changesBefore;
        double mean = rates.stream().mapToDouble(rate -> rate).average().orElse(0);
        System.out.printf(
                "  throughput %.1f %% to %.1f %% of its mean; memory %.0f MiB after the first window, %.0f at the end;"
                        + " %d failed, %d unanswered, %d elections%n",
                100 * rates.stream().mapToDouble(rate -> rate).min().orElse(0) / mean,
                100 * rates.stream().mapToDouble(rate -> rate).max().orElse(0) / mean,
                memory.getFirst(),
                memory.getLast(),
                failed,
                sent - done - failed,
                elections);
        if (elections > 0 || failed > 0) side.cluster().logs().forEach(line -> System.out.println("  " + line));
    }

    /// Keeps the rate by the clock. On the event loop, the only writer of the counts.
    private void feed(long begun, long endNanos, double perSecond) {
        long now = System.nanoTime();
        if (now - endNanos >= 0) return;
        long due = (long) ((now - begun) / 1e9 * perSecond);
        List<Wire> wires = side.wires();
        while (sent < due && sent - done - failed < OUTSTANDING_MAX) {
            ClosedLoop.Ask ask = work.next(sent);
            Wire wire = wires.get((int) (sent % wires.size()));
            sent++;
            wire.call(ask.head(), ask.message(), true, this::answered);
        }
        var _ = side.loop().schedule(() -> feed(begun, endNanos, perSecond), 1, TimeUnit.MILLISECONDS);
    }

    @SuppressWarnings("NonAtomicOperationOnVolatileField") // one writer
    private void answered(boolean good) {
        if (good) done++;
        else failed++;
    }

    private long leaderChanges() throws IOException, InterruptedException {
        long changes = 0;
        try (HttpClient http = HttpClient.newHttpClient()) {
            for (int port : side.cluster().clientPorts()) {
                HttpRequest ask = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                        .timeout(Duration.ofSeconds(10))
                        .build();
                changes += http.send(ask, BodyHandlers.ofString())
                        .body()
                        .lines()
                        .filter(line -> line.startsWith(LEADERS_SEEN))
                        .mapToLong(line -> (long) Double.parseDouble(line.substring(LEADERS_SEEN.length())))
                        .sum();
            }
        }
        return changes;
    }
}

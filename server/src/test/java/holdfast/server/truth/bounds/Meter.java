package holdfast.server.truth.bounds;

import holdfast.core.base.Bytes;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Txn;
import holdfast.server.peers.Processes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// What the others notice: one writer that puts a small key again and again, and how long each put took. And what a
/// member takes of the machine.
final class Meter implements AutoCloseable {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final List<Long> tookNanos = new ArrayList<>();
    private final List<String> failed = new ArrayList<>();
    private final Thread thread;
    private volatile boolean over;

    Meter(Etcd client) {
        this(client, Duration.ZERO);
    }

    /// @param pause after each put
    Meter(Etcd client, Duration pause) {
        thread = Thread.ofVirtual().start(() -> {
            for (long number = 0; !over; number++) {
                long begun = System.nanoTime();
                Answer<Etcd.Committed> answer =
                        client.commit(new Txn().put(Bytes.utf8("meter"), Bytes.utf8("v" + number)));
                if (answer instanceof Answer.Done<Etcd.Committed>) tookNanos.add(System.nanoTime() - begun);
                else failed.add(answer.toString());
                if (pause.isPositive()) LockSupport.parkNanos(pause.toNanos());
            }
        });
    }

    /// @param puts acknowledged
    record Reading(int puts, long medianMillis, long p99Millis, long worstMillis, List<String> failed) {
        @Override
        public String toString() {
            return "%d puts, median %d ms, p99 %d ms, worst %d ms, failed %s"
                    .formatted(puts, medianMillis, p99Millis, worstMillis, failed);
        }
    }

    /// Ends it.
    Reading read() {
        close();
        tookNanos.sort(null);
        if (tookNanos.isEmpty()) return new Reading(0, 0, 0, 0, failed);
        return new Reading(tookNanos.size(), at(0.5), at(0.99), at(1), failed);
    }

    private long at(double share) {
        return tookNanos.get((int) Math.ceil(share * tookNanos.size()) - 1) / 1_000_000;
    }

    @Override
    public void close() {
        over = true;
        try {
            thread.join();
        } catch (InterruptedException bug) {
            throw new IllegalStateException(bug);
        }
    }

    /// The most memory in RAM that a process ever had.
    static long peakMebibytes(Processes.Running process) {
        return mebibytes(process, "VmHWM:");
    }

    private static long mebibytes(Processes.Running process, String name) {
        try {
            return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                    .filter(line -> line.startsWith(name))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1_024)
                    .findFirst()
                    .orElseThrow();
        } catch (IOException lost) {
            throw new UncheckedIOException(lost);
        }
    }

    /// A number of the member's own page.
    static double metric(String url, String name) {
        try {
            String page = HTTP.send(
                            HttpRequest.newBuilder(URI.create(url + "/metrics")).build(), BodyHandlers.ofString())
                    .body();
            return page.lines()
                    .filter(line -> line.startsWith(name + " "))
                    .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException lost) {
            throw new UncheckedIOException(lost);
        } catch (InterruptedException bug) {
            throw new IllegalStateException(bug);
        }
    }
}

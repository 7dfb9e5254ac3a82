package holdfast.server.proof;

import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/// Orders steadily, at whatever endpoint is next, and records every request. An order counts as acknowledged only on
/// 201; one
/// that was not is ordered again with the same id, as a patient person would, until it is: so that in the end every
/// order
/// that was ever placed must be found, exactly once.
final class Customer implements AutoCloseable {
    private static final long LIMIT_MILLIS = 2_500;
    private static final long CONNECT_LIMIT_MILLIS = 500;
    private static final int CREATED = 201;
    private static final int UNDER_WAY_MAX = 400;
    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(400);
    private static final int RECORDS_MAX = 1_000_000;

    /// @param status of the answer; 0 when there was none
    /// @param problem empty when it was acknowledged
    record Request(String order, String address, long startNanos, long endNanos, int status, String problem) {
        boolean failed() {
            return status != CREATED;
        }
    }

    private record Again(String order, long notBeforeNanos) {}

    private final String prefix;
    private final long everyNanos;
    private final Supplier<List<String>> endpoints;
    private final Ticker ticker;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofMillis(CONNECT_LIMIT_MILLIS))
            .build();
    private final Semaphore slots = new Semaphore(UNDER_WAY_MAX);
    private final AtomicInteger turn = new AtomicInteger();
    private final Thread thread;
    private volatile boolean ordering = true;
    private volatile boolean closed;

    // guarded by this
    private final List<Request> requests = new ArrayList<>();
    private final SortedMap<String, String> acknowledged = new TreeMap<>();
    private final SortedSet<String> placed = new TreeSet<>();
    private final Deque<Again> again = new ArrayDeque<>();

    /// @param prefix begins every order id, so that runs do not meet
    /// @param perSecond new orders, 1 to 1,000
    /// @param endpoints `IP:PORT` of each front that is believed healthy, asked before each request
    Customer(String prefix, int perSecond, Supplier<List<String>> endpoints, Ticker ticker) {
        this.prefix = prefix;
        this.everyNanos = TimeUnit.SECONDS.toNanos(1) / perSecond;
        this.endpoints = endpoints;
        this.ticker = ticker;
        thread = Threads.startPlatform("customer", this::run);
    }

    private void run() {
        long next = ticker.nanos();
        for (int number = 1; !closed; number++) {
            if (ordering) {
                String order = prefix + "-" + number;
                synchronized (this) {
                    placed.add(order);
                }
                send(order);
            }
            dueAgain().forEach(this::send);
            next = Math.max(next + everyNanos, ticker.nanos() - TimeUnit.SECONDS.toNanos(1));
            while (!closed && ticker.nanos() < next) LockSupport.parkNanos(next - ticker.nanos());
        }
    }

    private synchronized List<String> dueAgain() {
        List<String> due = new ArrayList<>();
        while (!again.isEmpty() && again.peek().notBeforeNanos() <= ticker.nanos() && due.size() < 2) {
            due.add(again.remove().order());
        }
        return due;
    }

    private void send(String order) {
        long start = ticker.nanos();
        List<String> known = endpoints.get();
        if (known.isEmpty()) {
            record(new Request(order, "", start, ticker.nanos(), 0, "no endpoint is known"));
        } else if (!slots.tryAcquire()) {
            record(new Request(order, "", start, ticker.nanos(), 0, UNDER_WAY_MAX + " requests are under way"));
        } else {
            String address = known.get(Math.floorMod(turn.getAndIncrement(), known.size()));
            Threads.start(order, () -> {
                try {
                    record(ask(order, address, start));
                } finally {
                    slots.release();
                }
            });
        }
    }

    private Request ask(String order, String address, long start) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + address + "/orders"))
                .timeout(Duration.ofMillis(LIMIT_MILLIS))
                .header("Order-Id", order)
                .POST(HttpRequest.BodyPublishers.ofString(bodyOf(order)))
                .build();
        try {
            HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            String problem = answer.statusCode() == CREATED ? "" : answer.body();
            return new Request(order, address, start, ticker.nanos(), answer.statusCode(), problem);
        } catch (IOException failed) {
            return new Request(order, address, start, ticker.nanos(), 0, String.valueOf(failed.getMessage()));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return new Request(order, address, start, ticker.nanos(), 0, "interrupted");
        }
    }

    /// What is ordered under this id.
    static String bodyOf(String order) {
        return "1 pair of shoes for " + order;
    }

    private synchronized void record(Request request) {
        if (requests.size() < RECORDS_MAX) requests.add(request);
        if (request.failed()) again.add(new Again(request.order(), request.endNanos() + AGAIN_NANOS));
        else acknowledged.put(request.order(), bodyOf(request.order()));
    }

    /// Failed requests that ended at `sinceNanos` or later.
    synchronized List<Request> failedSince(long sinceNanos) {
        return requests.stream()
                .filter(request -> request.failed() && request.endNanos() >= sinceNanos)
                .toList();
    }

    /// How many were answered with 201 at `sinceNanos` or later.
    synchronized long acknowledgedSince(long sinceNanos) {
        return requests.stream()
                .filter(request -> !request.failed() && request.endNanos() >= sinceNanos)
                .count();
    }

    synchronized int requestCount() {
        return requests.size();
    }

    /// Order to body, in the order of the ids, of all that were acknowledged so far.
    synchronized SortedMap<String, String> acknowledged() {
        return new TreeMap<>(acknowledged);
    }

    synchronized int placedCount() {
        return placed.size();
    }

    /// Places no new orders and waits, up to `limitNanos`, until every placed one is acknowledged.
    ///
    /// @return those that are not, in order
    List<String> settle(long limitNanos) {
        ordering = false;
        long deadline = ticker.nanos() + limitNanos;
        while (ticker.nanos() < deadline && !open().isEmpty()) Pause.millis(20);
        return open();
    }

    private synchronized List<String> open() {
        return placed.stream().filter(order -> !acknowledged.containsKey(order)).toList();
    }

    /// 50th, 99th and 100th percentile of acknowledged requests, in milliseconds; zeros when there are none.
    synchronized long[] latencyMillis() {
        long[] sorted = requests.stream()
                .filter(request -> !request.failed())
                .mapToLong(request -> request.endNanos() - request.startNanos())
                .sorted()
                .toArray();
        if (sorted.length == 0) return new long[3];
        return new long[] {
            TimeUnit.NANOSECONDS.toMillis(sorted[sorted.length / 2]),
            TimeUnit.NANOSECONDS.toMillis(sorted[(int) (sorted.length * 99L / 100)]),
            TimeUnit.NANOSECONDS.toMillis(sorted[sorted.length - 1])
        };
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        client.shutdownNow();
    }
}

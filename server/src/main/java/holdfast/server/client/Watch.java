package holdfast.server.client;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.protocol.etcd.WatchCreateRequest;
import holdfast.protocol.etcd.WatchProgressRequest;
import holdfast.protocol.etcd.WatchRequest;
import holdfast.protocol.etcd.WatchResponse;
import holdfast.protocol.mvcc.Event;
import holdfast.server.base.Threads;
import io.vertx.core.Future;
import io.vertx.grpc.client.GrpcClientRequest;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Follows a range from a revision on. After any failure it goes on at the next member, from the revision after
/// the last one delivered, so that no change is missed or told twice. A member that says nothing for a while is
/// asked for its progress and left when it does not answer.
public final class Watch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Watch.class);
    private static final int RESPONSES_MAX = 4_096;
    private static final long QUIET_NANOS = 1_000_000_000;
    private static final int QUIET_ROUNDS_MAX = 3;
    private static final long RETRY_NANOS = 100_000_000;

    /// Delivered one at a time, in revision order, on the watch's thread, which may be held up.
    public sealed interface News {
        /// All changes of one or more whole revisions, the last of which is `revision`.
        record Changed(long revision, List<Change> changes) implements News {}

        /// The revision asked for is gone: read the range anew and watch from there. Last news.
        record Compacted(long compactRevision) implements News {}
    }

    public sealed interface Change {
        record Put(Pair pair) implements Change {}

        record Deleted(Bytes key, long revision) implements Change {}
    }

    private final Etcd etcd;
    private final String name;
    private final KeyRange range;
    private final Consumer<News> deliver;
    private final Thread thread;
    private long nextRevision;
    private volatile boolean closed;

    /// @param fromRevision first revision wanted, at least 1
    private Watch(Etcd etcd, String name, KeyRange range, long fromRevision, Consumer<News> deliver) {
        this.etcd = etcd;
        this.name = name;
        this.range = range;
        this.nextRevision = fromRevision;
        this.deliver = deliver;
        this.thread = Threads.start(name + " watch", this::run);
    }

    /// @param fromRevision first revision wanted, at least 1: that of a [Snapshot] plus 1
    public static Watch open(Etcd etcd, String name, KeyRange range, long fromRevision, Consumer<News> deliver) {
        return new Watch(etcd, name, range, fromRevision, deliver);
    }

    private void run() {
        for (int tries = 0; !closed; tries++) {
            Link link = etcd.calls().preferred(tries);
            try {
                long before = nextRevision;
                if (!follow(link)) return;
                if (nextRevision != before) tries = 0;
                if (!closed) TimeUnit.NANOSECONDS.sleep(RETRY_NANOS);
            } catch (InterruptedException _) {
                return;
            }
        }
    }

    /// What a stream brings, in order, with how it ended as the last.
    private sealed interface Arrival {
        record Message(WatchResponse response) implements Arrival {}

        record Ended(String why) implements Arrival {}
    }

    /// Follows one stream until it ends; false when the watch is over.
    private boolean follow(Link link) throws InterruptedException {
        BlockingQueue<Arrival> arrivals = new ArrayBlockingQueue<>(RESPONSES_MAX);
        GrpcClientRequest<WatchRequest, WatchResponse> stream;
        try {
            stream = Calls.await(
                    link.open(Rpc.WATCH), etcd.config().connectLimit().toNanos());
        } catch (TimeoutException | ExecutionException failed) {
            LOG.debug("Watch {} found no connection to {}: {}", name, link.endpoint, failed.toString());
            return true;
        }
        try {
            listen(stream, arrivals);
            stream.write(WatchRequest.newBuilder()
                    .setCreateRequest(WatchCreateRequest.newBuilder()
                            .setKey(Txn.start(range))
                            .setRangeEnd(Txn.end(range))
                            // one revision early: etcd tells its progress only past where a watch began
                            .setStartRevision(Math.max(1, nextRevision - 1)))
                    .build());
            return consume(link, stream, arrivals);
        } finally {
            stream.cancel();
        }
    }

    private static void listen(GrpcClientRequest<WatchRequest, WatchResponse> stream, BlockingQueue<Arrival> arrivals) {
        Consumer<String> ended = why -> {
            if (!arrivals.offer(new Arrival.Ended(why))) {
                arrivals.clear(); // too slow: go on from the last revision delivered
                arrivals.add(new Arrival.Ended("overrun"));
            }
        };
        stream.exceptionHandler(failed -> ended.accept(Calls.say(failed)));
        stream.response()
                .compose(response -> {
                    response.exceptionHandler(failed -> ended.accept(Calls.say(failed)));
                    response.endHandler(_ -> ended.accept("ended with " + response.status()));
                    response.handler(message -> {
                        if (!arrivals.offer(new Arrival.Message(message))) {
                            stream.cancel();
                            ended.accept("overrun");
                        }
                    });
                    return Future.succeededFuture();
                })
                .onFailure(failed -> ended.accept(Calls.say(failed)));
    }

    private boolean consume(
            Link link, GrpcClientRequest<WatchRequest, WatchResponse> stream, BlockingQueue<Arrival> arrivals)
            throws InterruptedException {
        int quietRounds = 0;
        while (!closed) {
            Arrival arrival = arrivals.poll(QUIET_NANOS, TimeUnit.NANOSECONDS);
            switch (arrival) {
                case null -> {
                    if (++quietRounds > QUIET_ROUNDS_MAX) {
                        LOG.info("Watch {} leaves {}: it said nothing for {} s.", name, link.endpoint, quietRounds);
                        return true;
                    }
                    stream.write(WatchRequest.newBuilder()
                            .setProgressRequest(WatchProgressRequest.getDefaultInstance())
                            .build());
                }
                case Arrival.Ended(String why) -> {
                    LOG.debug("Watch {} lost its stream to {}: {}", name, link.endpoint, why);
                    return true;
                }
                case Arrival.Message(WatchResponse response) -> {
                    quietRounds = 0;
                    if (!take(response)) return false;
                    if (response.getCanceled()) return true;
                }
            }
        }
        return false;
    }

    private boolean take(WatchResponse response) {
        if (response.getCompactRevision() > 0) {
            deliver.accept(new News.Compacted(response.getCompactRevision()));
            return false;
        }
        if (response.getEventsCount() == 0) return true;
        List<Change> changes = response.getEventsList().stream()
                .filter(event -> event.getKv().getModRevision() >= nextRevision)
                .map(Watch::change)
                .toList();
        if (changes.isEmpty()) return true;
        long last = response.getEvents(response.getEventsCount() - 1).getKv().getModRevision();
        nextRevision = last + 1;
        deliver.accept(new News.Changed(last, changes));
        return true;
    }

    private static Change change(Event event) {
        return event.getType() == Event.EventType.DELETE
                ? new Change.Deleted(
                        Etcd.bytes(event.getKv().getKey()), event.getKv().getModRevision())
                : new Change.Put(Etcd.pair(event.getKv()));
    }

    /// Ends it; a delivery under way is finished.
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}

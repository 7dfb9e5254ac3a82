package holdfast.server.client;

import holdfast.core.base.KeyRange;
import holdfast.protocol.etcd.WatchCreateRequest;
import holdfast.protocol.etcd.WatchProgressRequest;
import holdfast.protocol.etcd.WatchRequest;
import holdfast.protocol.etcd.WatchResponse;
import holdfast.protocol.mvcc.Event.EventType;
import io.vertx.core.Future;
import io.vertx.grpc.client.GrpcClientRequest;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One watch stream as it comes: nothing is filtered, repeated or gone on with elsewhere. For those who judge a store;
/// everybody else wants [Watch].
public final class Tap implements AutoCloseable {
    /// In order, on a thread that must not be held up.
    public sealed interface News {
        /// @param revision of the response's header
        record Told(long revision, List<Event> events) implements News {}

        /// Nothing at this revision or below comes any more.
        record Promised(long revision) implements News {}

        /// Last news.
        ///
        /// @param compactRevision 0 unless the revision asked for was gone
        record Ended(String why, long compactRevision) implements News {}
    }

    /// @param pair only key and revision for a delete
    /// @param before the pair before it, where it was asked for and there was one
    public record Event(boolean delete, Pair pair, @Nullable Pair before) {}

    private final GrpcClientRequest<WatchRequest, WatchResponse> stream;
    private final Consumer<News> deliver;
    private final AtomicBoolean ended = new AtomicBoolean();

    private Tap(GrpcClientRequest<WatchRequest, WatchResponse> stream, Consumer<News> deliver) {
        this.stream = stream;
        this.deliver = deliver;
    }

    /// Opens a stream to the member that `etcd` prefers; refused when nothing could be sent.
    ///
    /// @param fromRevision first revision wanted, at least 1
    /// @param wantsBefore whether events are to carry the pair before them
    public static Answer<Tap> open(
            Etcd etcd, KeyRange range, long fromRevision, boolean wantsBefore, Consumer<News> deliver) {
        GrpcClientRequest<WatchRequest, WatchResponse> stream;
        Link link = etcd.calls().preferred(0);
        try {
            stream = Calls.await(
                    link.open(Rpc.WATCH), etcd.config().connectLimit().toNanos());
        } catch (TimeoutException | ExecutionException failed) {
            link.reset();
            return new Answer.Refused<>(new holdfast.core.base.Reason("store-unreachable", "No stream: " + failed));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return new Answer.Refused<>(new holdfast.core.base.Reason("interrupted", "Interrupted."));
        }
        Tap tap = new Tap(stream, deliver);
        tap.listen();
        stream.write(WatchRequest.newBuilder()
                .setCreateRequest(WatchCreateRequest.newBuilder()
                        .setKey(Txn.start(range))
                        .setRangeEnd(Txn.end(range))
                        .setPrevKv(wantsBefore)
                        .setStartRevision(fromRevision))
                .build());
        return new Answer.Done<>(tap);
    }

    private void listen() {
        stream.exceptionHandler(failed -> end(Calls.say(failed), 0));
        stream.response()
                .compose(response -> {
                    response.exceptionHandler(failed -> end(Calls.say(failed), 0));
                    response.endHandler(_ -> end("ended with " + response.status(), 0));
                    response.handler(this::hear);
                    return Future.succeededFuture();
                })
                .onFailure(failed -> end(Calls.say(failed), 0));
    }

    private void hear(WatchResponse response) {
        if (ended.get()) return;
        if (response.getCanceled()) {
            end(response.getCancelReason(), response.getCompactRevision());
        } else if (response.getEventsCount() > 0) {
            List<Event> events =
                    response.getEventsList().stream().map(Tap::event).toList();
            deliver.accept(new News.Told(response.getHeader().getRevision(), events));
        } else if (!response.getCreated()) {
            deliver.accept(new News.Promised(response.getHeader().getRevision()));
        }
    }

    private static Event event(holdfast.protocol.mvcc.Event event) {
        return new Event(
                event.getType() == EventType.DELETE,
                Etcd.pair(event.getKv()),
                event.hasPrevKv() ? Etcd.pair(event.getPrevKv()) : null);
    }

    private void end(String why, long compactRevision) {
        if (ended.compareAndSet(false, true)) deliver.accept(new News.Ended(why, compactRevision));
    }

    /// Asks for a promise; it comes once everything up to it was told.
    public void askProgress() {
        if (ended.get()) return;
        stream.write(WatchRequest.newBuilder()
                .setProgressRequest(WatchProgressRequest.getDefaultInstance())
                .build());
    }

    /// Nothing is delivered any more, but for what is under way.
    @Override
    public void close() {
        ended.set(true);
        stream.cancel();
    }
}

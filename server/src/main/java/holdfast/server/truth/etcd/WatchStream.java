package holdfast.server.truth.etcd;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import holdfast.core.base.KeyRange;
import holdfast.core.truth.EventBatch;
import holdfast.protocol.etcd.ResponseHeader;
import holdfast.protocol.etcd.WatchCreateRequest;
import holdfast.protocol.etcd.WatchRequest;
import holdfast.protocol.etcd.WatchResponse;
import holdfast.server.truth.Right;
import holdfast.server.truth.Store;
import holdfast.server.truth.Store.WatchAnswer;
import io.vertx.core.Vertx;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// One watch call with its many watchers. Lives on the call's event loop.
///
/// Each watcher has at most one delivery of the store under way: the store hears that it was taken once the client's
/// connection has room again, so a slow client holds up neither the store nor other streams. Of what many watchers of
/// one slow stream are given so much is kept, the rest is thrown away: the store gives it again when the client has
/// caught up.
final class WatchStream {
    private static final long INVALID_ID = -1;
    private static final long NO_ROOM = -1;
    private static final ByteString ZERO = ByteString.copyFrom(new byte[] {0});

    /// How often and how many times a progress request is tried while a watcher is behind; then it is dropped, as etcd
    /// does at once.
    private static final long PROGRESS_RETRY_MILLIS = 10;

    private static final int PROGRESS_TRIES_MAX = 500;

    /// Watchers that the store was asked for and has not made.
    private static final int CREATIONS_MAX = 256;

    /// Kept for a client that is slow.
    private static final long UNSENT_BYTES_MAX = 2 << 20;

    /// Sent to a client that is not slow, however much waits for others, up to twice the bound of all.
    private static final long SMALL_BYTES = 64 << 10;

    private final Vertx vertx;
    private final Gate gate;
    private final Call call;
    private final long progressEveryMillis;
    private final DoorMetrics metrics;
    private final Handover<Handed> handed;
    private final EventAnswers answers;
    private final Map<Long, Watcher> watchers = new TreeMap<>();
    private final SlowWatchers slow;
    private final Backlog backlog;
    private boolean paused;
    private int creations;
    private long nextId;
    private long sentRevision;
    private long progressTimer = -1;
    private boolean progressWanted;
    // While a creation is judged and until it is answered, what else comes waits: one read's worth at most.
    private final ArrayDeque<byte[]> held = new ArrayDeque<>();
    private boolean judging;
    private @Nullable Watcher judged;

    WatchStream(
            Vertx vertx, Gate gate, Call call, long progressEveryMillis, int responseBytesMax, DoorMetrics metrics) {
        this.vertx = vertx;
        this.gate = gate;
        this.call = call;
        this.progressEveryMillis = progressEveryMillis;
        this.metrics = metrics;
        backlog = metrics.backlog;
        answers = new EventAnswers(call, responseBytesMax);
        handed = new Handover<>(call, this::take, answers::forget);
        slow = new SlowWatchers(vertx, call, metrics.slowWatchers, this::listenOrNot);
    }

    void begin() {
        call.onMessage(this::take);
        metrics.watchStreams.increment();
        call.whenOver(this::end);
    }

    /// One watcher. After compaction ended it, its id stays taken until the client cancels it, as in etcd.
    private static final class Watcher {
        final long id;
        final WatchCreateRequest request;
        Store.@Nullable Watching watching;
        boolean created;
        boolean cancelled;
        boolean forgotten; // the client cancelled it and was told
        boolean progressDue = true;
        long deliveredRevision = -1; // everything up to here was sent

        Watcher(long id, WatchCreateRequest request) {
            this.id = id;
            this.request = request;
        }

        void taken() {
            if (watching != null) watching.taken();
        }

        void close() {
            if (watching != null) watching.close();
            watching = null;
        }
    }

    private void take(byte[] message) throws InvalidProtocolBufferException {
        if (judging) {
            held.add(message);
            return;
        }
        WatchRequest request = Translate.parse(WatchRequest.parser(), message);
        switch (request.getRequestUnionCase()) {
            case CREATE_REQUEST -> create(request.getCreateRequest());
            case CANCEL_REQUEST -> cancel(request.getCancelRequest().getWatchId());
            case PROGRESS_REQUEST -> {
                if (progressWanted) return;
                progressWanted = true;
                answerProgress(gate.header().revision(), PROGRESS_TRIES_MAX);
            }
            case REQUESTUNION_NOT_SET -> {
                // etcd passes over what it does not know
            }
        }
        listenOrNot();
    }

    /// Who takes no answers is not listened to, nor anybody while somebody is judged or many are being made.
    private void listenOrNot() {
        boolean wait = judging || creations >= CREATIONS_MAX || call.isFull();
        if (wait && !paused) call.pause();
        else if (!wait && paused) call.resume();
        paused = wait;
        if (call.isFull()) slow.wakeLater();
    }

    private void create(WatchCreateRequest request) {
        if (request.getStartRevision() < 0) {
            refuse(EtcdError.WATCH_NEGATIVE_REVISION);
            return;
        }
        ByteString key = request.getKey().isEmpty() ? ZERO : request.getKey();
        KeyRange range = Translate.range(key, request.getRangeEnd());
        if (!gate.judges()) {
            @Nullable Watcher _ = create(request, range);
            return;
        }
        judging = true;
        listenOrNot();
        gate.store(call).admit(new Right.Reads(range), answer -> call.later(() -> judged(request, range, answer)));
    }

    private void judged(WatchCreateRequest request, KeyRange range, Store.Answer answer) {
        EtcdError wrong = Gate.refusal(answer);
        if (wrong == null) judged = create(request, range);
        else refuse(wrong.asGoText());
        if (judged == null) goOn();
    }

    private void goOn() {
        judging = false;
        judged = null;
        listenOrNot();
        try {
            while (!judging && !held.isEmpty()) take(held.removeFirst());
        } catch (InvalidProtocolBufferException bad) {
            call.fail(EtcdError.badMessage(String.valueOf(bad.getMessage())));
        }
    }

    /// Null when it was refused.
    private @Nullable Watcher create(WatchCreateRequest request, KeyRange range) {
        if (range.isEmpty()) {
            refuse(EtcdError.WATCH_EMPTY_RANGE);
            return null;
        }
        long id = request.getWatchId();
        if (id == 0) {
            while (watchers.containsKey(nextId)) nextId++;
            id = nextId++;
        } else if (watchers.containsKey(id)) {
            refuse(EtcdError.WATCH_DUPLICATE_ID);
            return null;
        }
        Watcher watcher = new Watcher(id, request);
        watchers.put(id, watcher);
        creations++;
        boolean puts = !request.getFiltersList().contains(WatchCreateRequest.FilterType.NOPUT);
        boolean deletes = !request.getFiltersList().contains(WatchCreateRequest.FilterType.NODELETE);
        watcher.watching = gate.house()
                .watch(
                        new Store.WatchRequest(range, request.getStartRevision(), request.getPrevKv(), puts, deletes),
                        answer -> hand(watcher, answer));
        if (request.getProgressNotify() && progressTimer < 0)
            progressTimer = vertx.setPeriodic(progressEveryMillis, _ -> notifyProgress());
        return watcher;
    }

    /// @param bytes of its events, for which there was room; [#NO_ROOM] if there was none
    private record Handed(Watcher watcher, WatchAnswer answer, long bytes) {}

    /// From the store's thread to the event loop. What waits in between is bounded, too.
    private void hand(Watcher watcher, WatchAnswer answer) {
        long bytes = answer instanceof WatchAnswer.Events(var _, var batches) ? EventBatch.bytesOf(batches) : 0;
        boolean room = bytes == 0 || backlog.take(bytes);
        handed.put(new Handed(watcher, answer, room ? bytes : NO_ROOM));
    }

    private void take(Handed one) {
        if (one.bytes > 0) backlog.give(one.bytes);
        if (one.bytes != NO_ROOM && (one.bytes == 0 || hasRoom(one.bytes))) deliver(one.watcher, one.answer);
        else drop(one.watcher);
    }

    private boolean hasRoom(long bytes) {
        if (!call.isFull()) return backlog.hasRoom(bytes, SMALL_BYTES);
        return call.unsentBytes() < UNSENT_BYTES_MAX - bytes && backlog.hasRoom(bytes, 0);
    }

    private void drop(Watcher watcher) {
        if (call.isOver() || watcher.watching == null) return;
        watcher.watching.dropped();
        slow.add(watcher::taken);
    }

    private void refuse(String reason) {
        call.send(WatchResponse.newBuilder()
                .setHeader(Translate.header(gate.header()))
                .setWatchId(INVALID_ID)
                .setCreated(true)
                .setCanceled(true)
                .setCancelReason(reason)
                .build());
    }

    private void cancel(long id) {
        Watcher watcher = watchers.get(id);
        if (watcher == null) return;
        if (!watcher.created) { // the answer to its creation comes first
            watcher.cancelled = true;
            return;
        }
        watchers.remove(id);
        watcher.forgotten = true;
        watcher.close();
        call.send(WatchResponse.newBuilder()
                .setHeader(Translate.header(gate.header()))
                .setWatchId(id)
                .setCanceled(true)
                .build());
    }

    private void deliver(Watcher watcher, WatchAnswer answer) {
        if (answer instanceof WatchAnswer.Created && creations-- == CREATIONS_MAX) listenOrNot();
        if (call.isOver() || watcher.forgotten) return;
        switch (answer) {
            case WatchAnswer.Created(Store.Header header) -> {
                watcher.created = true;
                call.send(WatchResponse.newBuilder()
                        .setHeader(Translate.header(header))
                        .setWatchId(watcher.id)
                        .setCreated(true)
                        .build());
                if (watcher.cancelled) cancel(watcher.id);
                if (watcher == judged) goOn();
            }
            case WatchAnswer.Events(Store.Header header, var batches) -> {
                for (EventBatch batch : batches)
                    metrics.watchEvents.inc(batch.events().size());
                watcher.progressDue = false;
                watcher.deliveredRevision = header.revision();
                sentRevision = Math.max(sentRevision, header.revision());
                answers.send(watcher.id, watcher.request.getPrevKv(), watcher.request.getFragment(), header, batches);
                taken(watcher);
            }
            case WatchAnswer.Compacted(Store.Header header, long compactRevision) -> {
                watcher.close();
                call.send(WatchResponse.newBuilder()
                        .setHeader(Translate.header(header).toBuilder().clearRevision())
                        .setWatchId(watcher.id)
                        .setCanceled(true)
                        .setCompactRevision(compactRevision)
                        .build());
            }
            case WatchAnswer.Ended(var why) -> call.fail(EtcdError.of(why));
        }
    }

    /// Tells the store that the client took the delivery, now or when it has caught up.
    private void taken(Watcher watcher) {
        if (call.isFull()) slow.add(watcher::taken);
        else watcher.taken();
    }

    /// The revision up to which everything was sent for this watcher, or -1 while that cannot be said. Never below what
    /// the stream has said before.
    private long syncedRevision(Watcher watcher) {
        if (watcher.watching == null || !watcher.created) return -1;
        long synced = Math.max(watcher.deliveredRevision, watcher.watching.syncedRevision());
        return synced < sentRevision ? -1 : synced;
    }

    /// One answer for all watchers of the stream, with a revision that every one of them has reached.
    ///
    /// @param wantedRevision where the store stood when the client asked
    private void answerProgress(long wantedRevision, int triesLeft) {
        long synced = Long.MAX_VALUE;
        int alive = 0;
        for (Watcher watcher : watchers.values()) {
            if (watcher.created && watcher.watching == null) continue; // compacted
            alive++;
            synced = Math.min(synced, syncedRevision(watcher));
        }
        if (alive == 0 || call.isOver()) {
            progressWanted = false;
        } else if (synced >= wantedRevision) {
            progressWanted = false;
            sendProgress(INVALID_ID, synced);
        } else if (triesLeft > 0) {
            vertx.setTimer(PROGRESS_RETRY_MILLIS, _ -> answerProgress(wantedRevision, triesLeft - 1));
        } else {
            progressWanted = false;
        }
    }

    private void notifyProgress() {
        if (call.isFull()) return; // it has enough to read
        for (Watcher watcher : watchers.values()) {
            if (!watcher.request.getProgressNotify()) continue;
            long synced = watcher.progressDue ? syncedRevision(watcher) : -1;
            if (synced >= 0) sendProgress(watcher.id, synced);
            watcher.progressDue = true;
        }
    }

    private void sendProgress(long id, long revision) {
        ResponseHeader header = Translate.header(gate.header());
        sentRevision = Math.max(sentRevision, revision);
        call.send(WatchResponse.newBuilder()
                .setHeader(header.toBuilder().setRevision(revision))
                .setWatchId(id)
                .build());
    }

    private void end() {
        if (progressTimer >= 0) vertx.cancelTimer(progressTimer);
        watchers.values().forEach(Watcher::close);
        metrics.watchStreams.decrement();
        slow.forget();
        watchers.clear();
    }
}

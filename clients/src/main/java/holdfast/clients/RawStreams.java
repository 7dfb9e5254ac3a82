package holdfast.clients;

import static holdfast.clients.RawTranscript.bytes;
import static holdfast.clients.RawTranscript.delete;
import static holdfast.clients.RawTranscript.op;
import static holdfast.clients.RawTranscript.put;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.etcd.jetcd.api.CompactionRequest;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseKeepAliveRequest;
import io.etcd.jetcd.api.LeaseKeepAliveResponse;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.WatchCancelRequest;
import io.etcd.jetcd.api.WatchCreateRequest;
import io.etcd.jetcd.api.WatchGrpc;
import io.etcd.jetcd.api.WatchProgressRequest;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.util.List;

/// Watch streams and keep-alive streams, message by message.
final class RawStreams {
    private static final int WATCH_ID = 7; // of WatchCreateRequest
    private static final int FRAGMENT = 8;
    private static final int FRAGMENTED = 7; // of WatchResponse

    private final Lines lines;
    private final ManagedChannel channel;
    private final KVGrpc.KVBlockingStub kv;

    RawStreams(Lines lines, ManagedChannel channel) {
        this.lines = lines;
        this.channel = channel;
        kv = KVGrpc.newBlockingStub(channel);
    }

    void run() throws InterruptedException {
        creation();
        events();
        replay();
        fragments();
        compacted();
        keepAlive();
    }

    /// A stream whose answers are waited for one by one.
    private final class Watching implements AutoCloseable {
        private final Inbox<WatchResponse> inbox = new Inbox<>();
        private final StreamObserver<WatchRequest> requests =
                WatchGrpc.newStub(channel).watch(inbox);

        void create(WatchCreateRequest.Builder request) {
            requests.onNext(WatchRequest.newBuilder().setCreateRequest(request).build());
        }

        void cancel(long id) {
            requests.onNext(WatchRequest.newBuilder()
                    .setCancelRequest(WatchCancelRequest.newBuilder().setWatchId(id))
                    .build());
        }

        void progress() {
            requests.onNext(WatchRequest.newBuilder()
                    .setProgressRequest(WatchProgressRequest.getDefaultInstance())
                    .build());
        }

        void say(String step) {
            lines.step(step, inbox::take);
        }

        @Override
        public void close() {
            requests.onCompleted();
        }
    }

    /// jetcd's messages are older than these fields.
    private static WatchCreateRequest.Builder with(WatchCreateRequest.Builder request, int field, long value) {
        UnknownFieldSet.Field set =
                UnknownFieldSet.Field.newBuilder().addVarint(value).build();
        return request.setUnknownFields(
                UnknownFieldSet.newBuilder().addField(field, set).build());
    }

    private static WatchCreateRequest.Builder withId(WatchCreateRequest.Builder request, long id) {
        return with(request, WATCH_ID, id);
    }

    private static WatchCreateRequest.Builder create(String key, String end) {
        return WatchCreateRequest.newBuilder().setKey(bytes(key)).setRangeEnd(bytes(end));
    }

    private void creation() throws InterruptedException {
        try (Watching watching = new Watching()) {
            watching.create(create("w", ""));
            watching.say("watch gets id 0");
            watching.create(create("w", ""));
            watching.say("watch gets id 1");
            watching.create(withId(create("w", ""), 5));
            watching.say("watch asks for id 5");
            watching.create(withId(create("w", ""), 5));
            watching.say("watch asks for id 5 again");
            watching.create(withId(create("w", ""), 2));
            watching.say("watch asks for id 2");
            watching.create(create("w", ""));
            watching.say("watch passes over id 2");
            watching.create(create("w", "a"));
            watching.say("watch of an empty range");
            watching.create(create("w", "w"));
            watching.say("watch of a range that ends where it begins");
            watching.create(create("w", "").setStartRevision(-1));
            watching.say("watch from a negative revision");
            watching.create(create("w", "").setStartRevision(100_000));
            watching.say("watch from a future revision");
            watching.cancel(77);
            watching.cancel(5);
            watching.say("watch cancels id 5, nothing for id 77");
            watching.create(withId(create("w", ""), 5));
            watching.say("watch takes id 5 again");
            watching.create(create("", "\0"));
            watching.say("watch of everything by an empty key");
            watching.cancel(3);
            watching.say("watch cancels id 3");
        }
    }

    private void events() throws InterruptedException {
        try (Watching watching = new Watching()) {
            watching.create(create("ev", "ew").setPrevKv(true));
            watching.say("events: created");
            watching.progress();
            watching.say("events: progress of an idle stream");
            kv.put(put("ev1", "a").build());
            watching.say("events: create");
            kv.put(put("ev1", "b").build());
            watching.say("events: change");
            kv.txn(TxnRequest.newBuilder()
                    .addSuccess(op(put("ev3", "x")))
                    .addSuccess(op(put("ev2", "y")))
                    .addSuccess(op(delete("ev1", "")))
                    .addSuccess(op(put("other", "z")))
                    .build());
            watching.say("events: one revision");
            kv.deleteRange(delete("ev", "ew").build());
            watching.say("events: delete of a range");
            kv.put(put("unrelated", "a").build());
            watching.progress();
            watching.say("events: progress after an unrelated write");
            watching.create(create("ev", "ew").addFilters(WatchCreateRequest.FilterType.NOPUT));
            watching.say("events: without puts");
            watching.create(create("ev", "ew").addFilters(WatchCreateRequest.FilterType.NODELETE));
            watching.say("events: without deletes");
            watching.cancel(0);
            watching.say("events: first one cancelled");
            kv.put(put("ev1", "c").build());
            watching.say("events: put passes one filter");
            kv.deleteRange(delete("ev1", "").build());
            watching.say("events: delete passes the other");
        }
    }

    private void replay() throws InterruptedException {
        long first = kv.put(put("re1", "a").build()).getHeader().getRevision();
        kv.put(put("re2", "b").build());
        kv.deleteRange(delete("re1", "").build());
        kv.txn(TxnRequest.newBuilder()
                .addSuccess(op(put("re1", "c")))
                .addSuccess(op(put("re3", "d")))
                .build());
        try (Watching watching = new Watching()) {
            watching.create(create("re", "rf").setStartRevision(first).setPrevKv(true));
            watching.say("replay: created");
            watching.say("replay: all of it");
            watching.progress();
            watching.say("replay: progress");
            watching.create(create("re", "rf").setStartRevision(first + 3));
            watching.say("replay: created at the newest");
            watching.say("replay: the newest");
            watching.create(create("re", "rf").setStartRevision(first + 6));
            watching.say("replay: created in the future");
            kv.put(put("re4", "e").build());
            kv.put(put("re4", "f").build());
            kv.put(put("re4", "g").build());
            lines.say(
                    "replay: live and future",
                    Inbox.sorted(List.of(
                            watching.inbox.take(),
                            watching.inbox.take(),
                            watching.inbox.take(),
                            watching.inbox.take(),
                            watching.inbox.take(),
                            watching.inbox.take(),
                            watching.inbox.take())));
        }
    }

    private void fragments() throws InterruptedException {
        ByteString large = ByteString.copyFrom(new byte[1_000_000]);
        long first = 0;
        for (int n = 0; n < 5; n++) {
            long revision = kv.put(put("fr" + n, "").setValue(large).build())
                    .getHeader()
                    .getRevision();
            if (n == 0) first = revision;
        }
        try (Watching watching = new Watching()) {
            watching.create(with(create("fr", "fs").setStartRevision(first), FRAGMENT, 1));
            watching.say("fragments: created");
            boolean more = true;
            while (more) {
                WatchResponse part = watching.inbox.take();
                more = part.getUnknownFields().hasField(FRAGMENTED);
                lines.say(
                        "fragments: part",
                        part.getEventsCount() + " events, more " + more + ", id " + part.getWatchId());
            }
            watching.create(create("fr", "fs").setStartRevision(first));
            watching.say("fragments: created without");
            WatchResponse whole = watching.inbox.take();
            lines.say(
                    "fragments: whole",
                    whole.getEventsCount() + " events, more "
                            + whole.getUnknownFields().hasField(FRAGMENTED));
        }
        kv.deleteRange(delete("fr", "fs").build());
    }

    private void compacted() throws InterruptedException {
        long first = kv.put(put("co", "a").build()).getHeader().getRevision();
        kv.put(put("co", "b").build());
        kv.deleteRange(delete("co", "").build());
        try (Watching watching = new Watching()) {
            watching.create(create("co", ""));
            watching.say("compacted: a live one");
            kv.put(put("co", "c").build());
            watching.say("compacted: its event");
            kv.compact(CompactionRequest.newBuilder().setRevision(first + 2).build());
            watching.create(create("co", "").setStartRevision(first + 1));
            watching.say("compacted: created");
            watching.say("compacted: cancelled");
            watching.cancel(1);
            watching.say("compacted: cancelled by the client, too");
            watching.create(create("co", "").setStartRevision(first + 2).setPrevKv(true));
            watching.say("compacted: created at the compact revision");
            watching.say("compacted: the delete at the compact revision");
            kv.put(put("co", "d").build());
            lines.say("compacted: both live", Inbox.sorted(List.of(watching.inbox.take(), watching.inbox.take())));
        }
    }

    private void keepAlive() throws InterruptedException {
        LeaseGrpc.newBlockingStub(channel)
                .leaseGrant(
                        LeaseGrantRequest.newBuilder().setID(808).setTTL(300).build());
        Inbox<LeaseKeepAliveResponse> inbox = new Inbox<>();
        StreamObserver<LeaseKeepAliveRequest> requests =
                LeaseGrpc.newStub(channel).leaseKeepAlive(inbox);
        for (long id : List.of(808L, 4711L, 0L, 808L)) {
            requests.onNext(LeaseKeepAliveRequest.newBuilder().setID(id).build());
            lines.step("keep alive " + id, inbox::take);
        }
        requests.onCompleted();
        lines.step("keep alive ends", inbox::take);
    }
}

package holdfast.server.truth.etcd;

import com.google.protobuf.CodedOutputStream;
import holdfast.core.truth.EventBatch;
import holdfast.protocol.etcd.WatchResponse;
import holdfast.protocol.mvcc.Event;
import holdfast.server.truth.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Sends events to the watchers of one stream. What many watchers get is made once, down to the bytes: of a
/// WatchResponse only the watcher's id is its own. On the call's event loop.
final class EventAnswers {
    private static final int ID = WatchResponse.WATCH_ID_FIELD_NUMBER;
    private static final int EVENTS = WatchResponse.EVENTS_FIELD_NUMBER;

    private final Call call;
    private final int responseBytesMax;
    private final IdentityHashMap<EventBatch, Made> plain = new IdentityHashMap<>();
    private final IdentityHashMap<EventBatch, Made> withBefore = new IdentityHashMap<>();
    private Store.@Nullable Header madeFor;
    private byte[] madeHeader = {};

    EventAnswers(Call call, int responseBytesMax) {
        this.call = call;
        this.responseBytesMax = responseBytesMax;
    }

    /// What was made of a batch, each when it is asked for.
    private static final class Made {
        private final EventBatch batch;
        private final boolean before;
        private @Nullable List<Event> messages;
        private byte @Nullable [] fields;

        Made(EventBatch batch, boolean before) {
            this.batch = batch;
            this.before = before;
        }

        List<Event> messages() {
            List<Event> made = messages;
            if (made == null) {
                made = batch.events().stream()
                        .map(event -> Translate.event(event, before))
                        .toList();
                messages = made;
            }
            return made;
        }

        /// As they stand in a WatchResponse, behind everything else.
        byte[] fields() {
            byte[] made = fields;
            if (made == null) {
                made = encode(messages());
                messages = null;
                fields = made;
            }
            return made;
        }

        private static byte[] encode(List<Event> events) {
            int bytes = 0;
            for (Event event : events) bytes += CodedOutputStream.computeMessageSize(EVENTS, event);
            byte[] made = new byte[bytes];
            CodedOutputStream out = CodedOutputStream.newInstance(made);
            try {
                for (Event event : events) out.writeMessage(EVENTS, event);
            } catch (IOException bug) {
                throw new IllegalStateException("events of " + bytes + " bytes outgrew their own size", bug);
            }
            return made;
        }
    }

    /// @param before whether the watcher wants the pairs before
    /// @param mayFragment whether it takes an answer that is too long in several
    void send(long watchId, boolean before, boolean mayFragment, Store.Header header, List<EventBatch> batches) {
        List<Made> made = new ArrayList<>(batches.size());
        for (EventBatch batch : batches) made.add(made(batch, before));
        if (!call.takesParts()) {
            sendMessage(watchId, mayFragment, header, made);
            return;
        }
        List<byte[]> fields = new ArrayList<>(made.size());
        long bytes = 0;
        for (Made each : made) {
            fields.add(each.fields());
            bytes += each.fields().length;
        }
        byte[] head = head(header, watchId);
        if (mayFragment && head.length + bytes >= responseBytesMax) sendMessage(watchId, true, header, made);
        else call.sendEncoded(head, fields);
    }

    private Made made(EventBatch batch, boolean before) {
        return (before ? withBefore : plain).computeIfAbsent(batch, _ -> new Made(batch, before));
    }

    private byte[] head(Store.Header header, long watchId) {
        if (!header.equals(madeFor)) {
            madeHeader = WatchResponse.newBuilder()
                    .setHeader(Translate.header(header))
                    .build()
                    .toByteArray();
            madeFor = header;
        }
        if (watchId == 0) return madeHeader; // as any number that is zero, it is left away
        byte[] head = new byte[madeHeader.length + CodedOutputStream.computeInt64Size(ID, watchId)];
        System.arraycopy(madeHeader, 0, head, 0, madeHeader.length);
        CodedOutputStream out = CodedOutputStream.newInstance(head, madeHeader.length, head.length - madeHeader.length);
        try {
            out.writeInt64(ID, watchId);
        } catch (IOException bug) {
            throw new IllegalStateException("the watch id " + watchId + " outgrew its own size", bug);
        }
        return head;
    }

    private void sendMessage(long watchId, boolean mayFragment, Store.Header header, List<Made> made) {
        WatchResponse.Builder built =
                WatchResponse.newBuilder().setHeader(Translate.header(header)).setWatchId(watchId);
        for (Made each : made) built.addAllEvents(each.messages());
        WatchResponse response = built.build();
        if (!mayFragment || response.getEventsCount() < 2 || response.getSerializedSize() < responseBytesMax) {
            call.send(response);
            return;
        }
        WatchResponse.Builder part = response.toBuilder().clearEvents().setFragment(true);
        int bareBytes = part.build().getSerializedSize();
        int bytes = bareBytes;
        for (var event : response.getEventsList()) {
            int eventBytes = event.getSerializedSize() + 6; // tag and length
            if (part.getEventsCount() > 0 && bytes + eventBytes >= responseBytesMax) {
                call.send(part.build());
                part.clearEvents();
                bytes = bareBytes;
            }
            part.addEvents(event);
            bytes += eventBytes;
        }
        call.send(part.setFragment(false).build());
    }

    /// What was sent is not needed any more.
    void forget() {
        if (!plain.isEmpty()) plain.clear();
        if (!withBefore.isEmpty()) withBefore.clear();
    }
}

package holdfast.server.truth.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.MessageLite;
import holdfast.core.base.Bytes;
import holdfast.core.truth.Event;
import holdfast.core.truth.EventBatch;
import holdfast.core.truth.KeyValue;
import holdfast.protocol.etcd.WatchResponse;
import holdfast.server.truth.Store;
import io.vertx.core.Vertx;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a watcher is sent, byte by byte.
final class EventAnswersTest {
    private static final Vertx VERTX = Vertx.vertx();
    private static final int ANSWER_BYTES_MAX = 2_000;
    private static final Store.Header HEADER = new Store.Header(-17, 5, 3, 90);
    private static final EventBatch FIRST =
            EventBatch.of(List.of(put("a", 300, 88, false), put("b", 0, 88, true), deleted("a", 89)));
    private static final EventBatch SECOND = EventBatch.of(List.of(put("c", 10, 90, true)));

    private final Sent sent = new Sent(true);
    private final EventAnswers answers = new EventAnswers(sent, ANSWER_BYTES_MAX);

    @AfterAll
    static void close() throws Exception {
        DoorClient.get(VERTX.close());
    }

    private static Event put(String key, int valueBytes, long revision, boolean replaces) {
        KeyValue now = new KeyValue(Bytes.utf8(key), Bytes.utf8("v".repeat(valueBytes)), 80, revision, 2, 7);
        KeyValue before = new KeyValue(Bytes.utf8(key), Bytes.utf8("before"), 80, 80, 1, 0);
        return new Event(Event.Kind.PUT, now, replaces ? before : null);
    }

    private static Event deleted(String key, long revision) {
        KeyValue now = new KeyValue(Bytes.utf8(key), Bytes.utf8(""), 0, revision, 0, 0);
        return new Event(Event.Kind.DELETE, now, new KeyValue(Bytes.utf8(key), Bytes.utf8("gone"), 80, 88, 1, 0));
    }

    private static byte[] message(long id, boolean before, Store.Header header, List<EventBatch> batches) {
        return WatchResponse.newBuilder()
                .setHeader(Translate.header(header))
                .setWatchId(id)
                .addAllEvents(EventBatch.eventsOf(batches).stream()
                        .map(event -> Translate.event(event, before))
                        .toList())
                .build()
                .toByteArray();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 127, 128, 1_000_000, Long.MAX_VALUE, -1})
    void events_areTheBytesOfTheirMessage_whoeverGotThemBefore(long id) {
        List<EventBatch> both = List.of(FIRST, SECOND);
        Store.Header later = new Store.Header(-17, 5, 4, 91);
        answers.send(id, false, false, HEADER, both);
        answers.send(id, true, false, HEADER, both);
        answers.send(7, false, true, HEADER, List.of(SECOND));
        answers.send(id, false, false, later, both);
        answers.forget();
        answers.send(id, true, false, later, List.of(FIRST));

        assertThat(sent.messages)
                .containsExactly(
                        message(id, false, HEADER, both),
                        message(id, true, HEADER, both),
                        message(7, false, HEADER, List.of(SECOND)),
                        message(id, false, later, both),
                        message(id, true, later, List.of(FIRST)));
        assertThat(sent.encoded).isEqualTo(5);
    }

    @Test
    void eventsThatAreTooLong_comeInPartsToWhoTakesThem_andWholeToTheRest() throws Exception {
        EventBatch large = EventBatch.of(List.of(
                put("a", 900, 90, false), put("b", 900, 90, false), put("c", 900, 90, false), put("d", 9, 90, false)));
        answers.send(3, false, false, HEADER, List.of(large));
        answers.send(3, false, true, HEADER, List.of(large));

        List<WatchResponse> parts = new ArrayList<>();
        for (byte[] each : sent.messages) parts.add(WatchResponse.parseFrom(each));
        assertThat(parts).extracting(WatchResponse::getEventsCount).containsExactly(4, 2, 2);
        assertThat(parts).extracting(WatchResponse::getFragment).containsExactly(false, true, false);
        assertThat(sent.messages.getFirst()).isEqualTo(message(3, false, HEADER, List.of(large)));
    }

    @Test
    void events_ofACallThatTakesNoParts_areMessages() {
        Sent json = new Sent(false);
        new EventAnswers(json, ANSWER_BYTES_MAX).send(4, true, false, HEADER, List.of(FIRST));

        assertThat(json.encoded).isZero();
        assertThat(json.messages).containsExactly(message(4, true, HEADER, List.of(FIRST)));
    }

    /// Keeps what is sent.
    private static final class Sent extends Call {
        private final boolean takesParts;
        private final List<byte[]> messages = new ArrayList<>();
        private int encoded;

        Sent(boolean takesParts) {
            super(VERTX.getOrCreateContext());
            this.takesParts = takesParts;
        }

        @Override
        void carry(MessageLite message) {
            messages.add(message.toByteArray());
        }

        @Override
        void carryEncoded(int messageBytes, byte[] head, List<byte[]> rest) {
            ByteArrayOutputStream whole = new ByteArrayOutputStream();
            whole.writeBytes(head);
            rest.forEach(whole::writeBytes);
            assertThat(whole.size()).isEqualTo(messageBytes);
            messages.add(whole.toByteArray());
            encoded++;
        }

        @Override
        boolean takesParts() {
            return takesParts;
        }

        @Override
        @Nullable
        String header(String name) {
            return null;
        }

        @Override
        void pause() {}

        @Override
        void resume() {}

        @Override
        boolean isQueueFull() {
            return false;
        }

        @Override
        void onQueueDrain(Runnable task) {}

        @Override
        @Nullable
        Debt debt() {
            return null;
        }

        @Override
        void carryHead(long messageBytes) {}

        @Override
        void carryPart(MessageLite part) {}

        @Override
        void carryLast(MessageLite message) {}

        @Override
        void carryEnd(int status, @Nullable String message) {}
    }
}

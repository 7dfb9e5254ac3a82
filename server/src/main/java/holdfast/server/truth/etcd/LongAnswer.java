package holdfast.server.truth.etcd;

import com.google.protobuf.MessageLite;
import holdfast.core.truth.KeyValue;
import holdfast.protocol.etcd.RangeResponse;
import holdfast.server.truth.Store;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One long page on its way to its client, as fast as the client takes it. The answer is one message; its parts are
/// `RangeResponse`s themselves, since protocol buffers that follow each other are one. On the call's event loop.
final class LongAnswer {
    /// For a call that takes no parts: it is gathered up to this.
    private static final long GATHERED_BYTES_MAX = 16 << 20;

    /// The message itself, its text, and that for the socket.
    private static final int GATHERED_COPIES = 3;

    private final Call call;
    private final Store.LongPage page;
    private final RangeResponse head;
    private final RangeResponse tail;
    private final RangeResponse.@Nullable Builder gathered;

    private LongAnswer(Call call, Store.Header header, Store.LongPage page) {
        this.call = call;
        this.page = page;
        head = RangeResponse.newBuilder().setHeader(Translate.header(header)).build();
        tail = RangeResponse.newBuilder()
                .setMore(page.more())
                .setCount(page.count())
                .build();
        gathered = call.takesParts() ? null : head.toBuilder();
    }

    static void send(Call call, Store.Header header, Store.LongPage page) {
        if (call.isOver()) {
            page.close();
            return;
        }
        call.whenOver(page::close);
        new LongAnswer(call, header, page).begin();
    }

    private void begin() {
        long bytes = head.getSerializedSize() + page.pairBytes() + tail.getSerializedSize();
        if (bytes > Integer.MAX_VALUE) {
            call.fail(EtcdError.answerTooLarge(bytes));
        } else if (gathered == null) {
            call.replyInParts(bytes);
            call.part(head);
            more();
        } else if (bytes > GATHERED_BYTES_MAX) {
            call.fail(EtcdError.ANSWER_TOO_LARGE);
        } else {
            gather(bytes);
        }
    }

    private void gather(long bytes) {
        Debt debt = call.debt();
        if (debt == null) {
            more();
            return;
        }
        debt.enter(call, GATHERED_COPIES * bytes, pass -> {
            call.whenOver(pass::giveBack);
            more();
        });
    }

    private void more() {
        if (call.isOver()) return;
        if (call.isFull()) call.onDrain(this::more);
        else page.next(pairs -> call.later(() -> take(pairs)));
    }

    private void take(@Nullable List<KeyValue> pairs) {
        if (pairs == null) {
            call.fail(EtcdError.ANSWER_LOST);
        } else if (pairs.isEmpty()) {
            end();
        } else {
            RangeResponse.Builder part = gathered == null ? RangeResponse.newBuilder() : gathered;
            for (KeyValue pair : pairs) part.addKvs(Translate.pair(pair));
            if (gathered == null) call.part(part.build());
            more();
        }
    }

    private void end() {
        MessageLite last = gathered == null ? tail : gathered.mergeFrom(tail).build();
        if (gathered == null) {
            call.part(last);
            call.finish();
        } else {
            call.reply(last);
        }
    }
}

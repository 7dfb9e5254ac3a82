package holdfast.server.truth.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import holdfast.server.base.Ticker;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/// One call under way, whatever carries it: gRPC ([GrpcCall]) or JSON ([JsonCall]). Everything but [#later] belongs to
/// the call's own event loop; once the call is over, sending does nothing.
abstract class Call {
    private static final Ticker TICKER = Ticker.system();
    private static final int OK = 0;
    private static final int CANCELLED = 1;
    private static final int COUNTED_BYTES = 1_024;
    private static final int FULL_BYTES = 256 << 10; // a queue counts writes only

    /// Takes one message of the client.
    @FunctionalInterface
    interface OnMessage {
        void take(byte[] message) throws InvalidProtocolBufferException;
    }

    private final Context loop;
    private final List<Runnable> whenOver = new ArrayList<>(1);
    private OnMessage onMessage = _ -> {};
    private Runnable onHalfClose = () -> {};
    private @Nullable MethodMetrics numbers;
    private long unsentBytes;
    private @Nullable Runnable onRoom;
    private long begunNanos;
    private boolean over;

    /// Begins on the event loop `loop`, before any of the client's messages is read.
    Call(Context loop) {
        this.loop = loop;
    }

    /// What the client sent along: `token`, `authorization`, `hasleader` and the like, by lower-case name.
    abstract @Nullable String header(String name);

    /// Stops reading the client's messages until [#resume].
    abstract void pause();

    abstract void resume();

    /// Whether as many writes wait as there may.
    abstract boolean isQueueFull();

    /// Runs `task` once fewer writes wait.
    abstract void onQueueDrain(Runnable task);

    /// Whether one message may be sent in parts.
    abstract boolean takesParts();

    /// What the client owes; null where nobody counts.
    abstract @Nullable Debt debt();

    /// Carries the head of one message of so many bytes, whose parts follow.
    abstract void carryHead(long messageBytes);

    /// Carries a part of it.
    abstract void carryPart(MessageLite part);

    /// Carries one message of a stream.
    abstract void carry(MessageLite message);

    /// Carries one message that is encoded already, in pieces that follow each other.
    abstract void carryEncoded(int messageBytes, byte[] head, List<byte[]> rest);

    /// Runs `task`; what it sends may be carried together when it is done.
    void together(Runnable task) {
        task.run();
    }

    /// Carries the one answer and the good end.
    abstract void carryLast(MessageLite message);

    /// Carries the end: status 0 to 16 of gRPC.
    abstract void carryEnd(int status, @Nullable String message);

    /// The call is over, however it ended.
    void ended() {}

    /// Counts this call under its method.
    final void count(MethodMetrics method) {
        numbers = method;
        method.started();
        if (method.isTimed()) begunNanos = TICKER.nanos();
    }

    final void onMessage(OnMessage handler) {
        onMessage = handler;
    }

    /// The client sends no more.
    final void onHalfClose(Runnable handler) {
        onHalfClose = handler;
    }

    /// Runs `cleanup` once when the call is over, however it ends; at once if it is already.
    final void whenOver(Runnable cleanup) {
        if (over) cleanup.run();
        else whenOver.add(cleanup);
    }

    /// Whom the client's certificate names; null without one, and for calls that come another way than etcd's own.
    @Nullable
    String commonName() {
        return null;
    }

    final boolean isOver() {
        return over;
    }

    /// Runs `task` on the call's event loop, after everything handed over before. From any thread. When the door has
    /// closed, its calls are over and nobody waits: then nothing is done.
    final void later(Runnable task) {
        try {
            loop.runOnContext(_ -> task.run());
        } catch (RejectedExecutionException _) {
            // its event loop has ended
        }
    }

    /// Counts what waits for the client, until `written`: for this call, and for its connection ([Debt]).
    final void follow(Future<Void> written, int bytes) {
        Debt debt = debt();
        unsentBytes += bytes;
        if (debt != null) debt.owes(bytes);
        written.onComplete(_ -> {
            unsentBytes -= bytes;
            if (debt != null) debt.paid(bytes);
            Runnable task = onRoom;
            if (task == null || unsentBytes > FULL_BYTES / 2) return;
            onRoom = null;
            task.run();
        });
    }

    /// The same for the last of a call: small ones are bounded by the number of calls.
    final void followLast(Future<Void> written, int bytes) {
        if (bytes >= COUNTED_BYTES) follow(written, bytes);
    }

    /// Whether the client takes slower than we send.
    final boolean isFull() {
        return !over && (isQueueFull() || unsentBytes >= FULL_BYTES);
    }

    /// Runs `task` once a client that is full has caught up.
    final void onDrain(Runnable task) {
        if (over) return;
        if (isQueueFull()) onQueueDrain(task);
        else onRoom = task;
    }

    /// Bytes sent that the client has not taken.
    final long unsentBytes() {
        return unsentBytes;
    }

    /// Sends one message of a stream.
    final void send(MessageLite message) {
        if (over) return;
        if (numbers != null) numbers.sent(message.getSerializedSize());
        carry(message);
    }

    /// Sends one message of a stream that is encoded already, in pieces that follow each other. Only where
    /// [#takesParts].
    final void sendEncoded(byte[] head, List<byte[]> rest) {
        if (over) return;
        int bytes = head.length;
        for (byte[] piece : rest) bytes = Math.addExact(bytes, piece.length);
        if (numbers != null) numbers.sent(bytes);
        carryEncoded(bytes, head, rest);
    }

    /// Answers and ends well.
    final void reply(MessageLite message) {
        if (over) return;
        if (numbers != null) numbers.sent(message.getSerializedSize());
        carryLast(message);
        end(OK);
    }

    /// Begins the one answer, which follows in parts: protocol buffers that follow each other are one.
    final void replyInParts(long messageBytes) {
        if (over) return;
        if (numbers != null) numbers.sent(messageBytes);
        carryHead(messageBytes);
    }

    final void part(MessageLite part) {
        if (!over) carryPart(part);
    }

    /// Ends well without a further message.
    final void finish() {
        close(OK, null);
    }

    final void fail(EtcdError error) {
        close(error.status(), error.message());
    }

    private void close(int status, @Nullable String message) {
        if (over) return;
        carryEnd(status, message);
        end(status);
    }

    /// The client or its connection is gone.
    final void gone() {
        if (!over) end(CANCELLED);
    }

    private void end(int status) {
        over = true;
        onMessage = _ -> {};
        onHalfClose = () -> {};
        if (numbers != null) {
            numbers.handled(status);
            if (numbers.isTimed()) numbers.took(TICKER.nanos() - begunNanos, status == OK);
        }
        ended();
        whenOver.forEach(Runnable::run);
        whenOver.clear();
    }

    /// Hands one message of the client over.
    final void take(byte[] message) throws InvalidProtocolBufferException {
        if (numbers != null) numbers.received(message.length);
        onMessage.take(message);
    }

    final void halfClosed() {
        onHalfClose.run();
    }
}

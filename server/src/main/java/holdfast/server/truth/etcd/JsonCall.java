package holdfast.server.truth.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.MessageLite;
import com.google.protobuf.MessageOrBuilder;
import holdfast.server.truth.etcd.json.BadJson;
import holdfast.server.truth.etcd.json.JsonFlow;
import holdfast.server.truth.etcd.json.JsonReader;
import holdfast.server.truth.etcd.json.JsonWriter;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A call as JSON: one value and one answer, or lines of `{"result":...}` that end with `{"error":...}` when it goes
/// wrong. Over HTTP or a websocket ([JsonLine]).
///
/// As in etcd's gateway a unary call begins when the client has sent all, and takes the first value only; a stream that
/// takes many takes each as it comes, and what is no JSON ends the client's side of it.
final class JsonCall extends Call {
    private static final Logger LOG = LoggerFactory.getLogger(JsonCall.class);

    /// A value is read up to this many times the largest message: base64 and names make it longer than the message.
    private static final int LONGER_AS_JSON = 3;

    private final Method method;
    private final JsonLine line;
    private final int messageBytesMax;
    private final @Nullable Debt debt;
    private final JsonFlow flow;
    private @Nullable String first;
    private boolean clientEnded;

    /// @param debt of the connection; null where nobody counts
    JsonCall(Method method, JsonLine line, Context loop, int messageBytesMax, @Nullable Debt debt) {
        super(loop);
        this.method = method;
        this.line = line;
        this.messageBytesMax = messageBytesMax;
        this.debt = debt;
        flow = new JsonFlow((int) Math.min(Integer.MAX_VALUE - 16, (long) LONGER_AS_JSON * messageBytesMax));
        line.begin(this::read, this::readAll, this::gone);
    }

    /// A header `Grpc-Metadata-Name` stands for `name`; `Authorization` also for the token.
    @Override
    @Nullable
    String header(String name) {
        String direct = name.equals("authorization") ? null : line.header("grpc-metadata-" + name);
        return direct == null && (name.equals("token") || name.equals("authorization"))
                ? line.header("authorization")
                : direct;
    }

    @Override
    void carry(MessageLite message) {
        StringBuilder text = new StringBuilder("{\"result\":");
        JsonWriter.write((MessageOrBuilder) message, text, true);
        text.append("}\n");
        follow(line.send(text.toString()), text.length());
    }

    @Override
    void carryLast(MessageLite message) {
        if (method.kind() != Method.Kind.UNARY) {
            carry(message);
            line.end();
            return;
        }
        StringBuilder text = new StringBuilder();
        JsonWriter.write((MessageOrBuilder) message, text, false);
        followLast(line.answer(200, text.toString(), null), text.length());
    }

    @Override
    void carryEnd(int status, @Nullable String message) {
        if (status == 0) {
            line.end();
            return;
        }
        String said = message == null ? "" : message;
        boolean stream = method.kind() != Method.Kind.UNARY;
        StringBuilder text = new StringBuilder(stream ? "{\"error\":" : "");
        JsonWriter.writeStatus(status, said, text, stream);
        if (stream) text.append("}\n");
        line.answer(httpStatus(status), text.toString(), status == EtcdError.UNAUTHENTICATED ? said : null);
    }

    @Override
    void pause() {
        if (!isOver()) line.pause();
    }

    @Override
    void resume() {
        if (!isOver()) line.resume();
    }

    @Override
    boolean isQueueFull() {
        return line.isFull();
    }

    @Override
    void onQueueDrain(Runnable task) {
        line.onDrain(task);
    }

    @Override
    @Nullable
    Debt debt() {
        return debt;
    }

    @Override
    boolean takesParts() {
        return false;
    }

    @Override
    void carryHead(long messageBytes) {
        throw new IllegalStateException("JSON is not sent in parts");
    }

    @Override
    void carryPart(MessageLite part) {
        throw new IllegalStateException("JSON is not sent in parts");
    }

    @Override
    void carryEncoded(int messageBytes, byte[] head, List<byte[]> rest) {
        throw new IllegalStateException("JSON is not sent in parts");
    }

    private void read(Buffer chunk) {
        if (isOver() || clientEnded || first != null) return;
        try {
            if (method.takesMany()) flow.take(chunk.getBytes(), Integer.MAX_VALUE, this::deliver);
            else flow.take(chunk.getBytes(), 1, value -> first = value);
        } catch (BadJson bad) {
            refuse(bad);
        }
    }

    private void readAll() {
        if (isOver() || clientEnded) return;
        try {
            if (method.takesMany()) {
                flow.end(this::deliver);
            } else {
                if (first == null) flow.end(value -> first = value);
                if (first == null) hand(method.request());
                else deliver(first);
            }
            endOfClient();
        } catch (BadJson bad) {
            refuse(bad);
        }
    }

    private void endOfClient() {
        clientEnded = true;
        halfClosed();
    }

    private void refuse(BadJson bad) {
        if (method.takesMany()) endOfClient();
        else fail(EtcdError.badJson(bad.sentence()));
    }

    private void deliver(String value) throws BadJson {
        if (!isOver()) hand(JsonReader.read(value, method.request()));
    }

    private void hand(Message message) {
        int bytes = message.getSerializedSize();
        try {
            if (bytes > messageBytesMax) fail(EtcdError.messageTooLarge(bytes, messageBytesMax));
            else take(message.toByteArray());
        } catch (InvalidProtocolBufferException bad) {
            fail(EtcdError.badMessage(String.valueOf(bad.getMessage())));
        } catch (RuntimeException bug) {
            LOG.error("{} broke on a message of {} bytes.", method.path(), bytes, bug);
            fail(new EtcdError(2, "holdfast: internal error"));
        }
    }

    /// The HTTP status that stands for a status of gRPC.
    static int httpStatus(int status) {
        return switch (status) {
            case 0 -> 200;
            case 1 -> 499;
            case 3, 9, 11 -> 400;
            case 4 -> 504;
            case 5 -> 404;
            case 6, 10 -> 409;
            case 7 -> 403;
            case 8 -> 429;
            case 12 -> 501;
            case 14 -> 503;
            case 16 -> 401;
            default -> 500;
        };
    }
}

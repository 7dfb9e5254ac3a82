package holdfast.server.truth.etcd;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.netty.buffer.Unpooled;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.internal.buffer.BufferInternal;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One gRPC call under way, as length-prefixed messages over one HTTP/2 stream (gRPC over HTTP2). Everything but
/// [#later] belongs to the call's own event loop; once the call is over, sending does nothing.
final class Call {
    private static final Logger LOG = LoggerFactory.getLogger(Call.class);
    private static final int PREFIX_BYTES = 5;
    private static final String STATUS = "grpc-status";

    /// Takes one message of the client.
    @FunctionalInterface
    interface OnMessage {
        void take(byte[] message) throws InvalidProtocolBufferException;
    }

    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Context loop;
    private final int messageBytesMax;
    private final List<Runnable> whenOver = new ArrayList<>(1);
    private OnMessage onMessage = _ -> {};
    private Runnable onHalfClose = () -> {};
    private @Nullable Buffer partial;
    private boolean headSent;
    private boolean over;

    /// Begins on the event loop `loop`, before any of the request's body is read.
    Call(HttpServerRequest request, Context loop, int messageBytesMax) {
        this.request = request;
        this.response = request.response();
        this.loop = loop;
        this.messageBytesMax = messageBytesMax;
        request.handler(this::read);
        request.endHandler(_ -> onHalfClose.run());
        request.exceptionHandler(_ -> end());
        response.exceptionHandler(_ -> end());
        response.closeHandler(_ -> end());
    }

    void onMessage(OnMessage handler) {
        onMessage = handler;
    }

    /// The client sends no more.
    void onHalfClose(Runnable handler) {
        onHalfClose = handler;
    }

    /// Runs `cleanup` once when the call is over, however it ends; at once if it is already.
    void whenOver(Runnable cleanup) {
        if (over) cleanup.run();
        else whenOver.add(cleanup);
    }

    @Nullable
    String header(String name) {
        return request.getHeader(name);
    }

    boolean isOver() {
        return over;
    }

    /// Runs `task` on the call's event loop, after everything handed over before. From any thread.
    void later(Runnable task) {
        loop.runOnContext(_ -> task.run());
    }

    /// Sends one message of a stream.
    void send(MessageLite message) {
        if (over) return;
        beginHead();
        response.write(frame(message));
    }

    /// Answers and ends well.
    void reply(MessageLite message) {
        if (over) return;
        beginHead();
        response.putTrailer(STATUS, "0");
        response.end(frame(message));
        end();
    }

    /// Ends well without a further message.
    void finish() {
        close("0", null);
    }

    void fail(EtcdError error) {
        close(Integer.toString(error.status()), error.message());
    }

    /// Whether the client takes slower than we send.
    boolean isFull() {
        return !over && response.writeQueueFull();
    }

    /// Runs `task` once the client has caught up.
    void onDrain(Runnable task) {
        if (!over) response.drainHandler(_ -> task.run());
    }

    /// Stops reading the client's messages until [#resume].
    void pause() {
        if (!over) request.pause();
    }

    void resume() {
        if (!over) request.resume();
    }

    private void close(String status, @Nullable String message) {
        if (over) return;
        if (headSent) {
            response.putTrailer(STATUS, status);
            if (message != null) response.putTrailer("grpc-message", percent(message));
        } else {
            beginHead();
            response.putHeader(STATUS, status);
            if (message != null) response.putHeader("grpc-message", percent(message));
        }
        response.end();
        end();
    }

    private void beginHead() {
        if (headSent) return;
        headSent = true;
        response.putHeader("content-type", "application/grpc");
    }

    private void end() {
        if (over) return;
        over = true;
        onMessage = _ -> {};
        onHalfClose = () -> {};
        whenOver.forEach(Runnable::run);
        whenOver.clear();
    }

    private void read(Buffer chunk) {
        Buffer all = partial == null ? chunk : partial.appendBuffer(chunk);
        int at = 0;
        while (!over && all.length() - at >= PREFIX_BYTES) {
            long length = all.getUnsignedInt(at + 1);
            if (length > messageBytesMax) {
                fail(EtcdError.messageTooLarge(length, messageBytesMax));
                return;
            }
            int next = at + PREFIX_BYTES + (int) length;
            if (all.length() < next) break;
            deliver(all.getByte(at) != 0, all.getBytes(at + PREFIX_BYTES, next));
            at = next;
        }
        if (over || at == all.length()) partial = null;
        else if (at != 0 || partial == null) partial = Buffer.buffer(all.getBytes(at, all.length()));
    }

    private void deliver(boolean compressed, byte[] message) {
        try {
            onMessage.take(compressed ? inflate(message) : message);
        } catch (InvalidProtocolBufferException bad) {
            fail(EtcdError.badMessage(String.valueOf(bad.getMessage())));
        } catch (RuntimeException bug) {
            LOG.error("{} broke on a message of {} bytes.", request.path(), message.length, bug);
            fail(new EtcdError(2, "holdfast: internal error"));
        }
    }

    private byte[] inflate(byte[] message) throws InvalidProtocolBufferException {
        String encoding = request.getHeader("grpc-encoding");
        if (!"gzip".equals(encoding)) throw new InvalidProtocolBufferException("compressed by " + encoding);
        try (GZIPInputStream zip = new GZIPInputStream(new ByteArrayInputStream(message))) {
            byte[] plain = zip.readNBytes(messageBytesMax + 1);
            if (plain.length > messageBytesMax) throw new InvalidProtocolBufferException("inflates beyond the limit");
            return plain;
        } catch (InvalidProtocolBufferException bad) {
            throw bad;
        } catch (IOException bad) {
            throw new InvalidProtocolBufferException("not gzip: " + bad.getMessage());
        }
    }

    private static Buffer frame(MessageLite message) {
        int size = message.getSerializedSize();
        byte[] framed = new byte[PREFIX_BYTES + size];
        framed[1] = (byte) (size >> 24);
        framed[2] = (byte) (size >> 16);
        framed[3] = (byte) (size >> 8);
        framed[4] = (byte) size;
        CodedOutputStream out = CodedOutputStream.newInstance(framed, PREFIX_BYTES, size);
        try {
            message.writeTo(out);
        } catch (IOException bug) {
            throw new IllegalStateException("a message of " + size + " bytes outgrew its own size", bug);
        }
        return BufferInternal.buffer(Unpooled.wrappedBuffer(framed));
    }

    /// Percent-encoding of gRPC's status message: all but printable ASCII, and the percent sign.
    private static String percent(String text) {
        StringBuilder encoded = new StringBuilder(text.length());
        for (byte b : text.getBytes(UTF_8)) {
            if (b >= 0x20 && b < 0x7f && b != '%') encoded.append((char) b);
            else encoded.append(String.format("%%%02X", b & 0xff));
        }
        return encoded.toString();
    }
}

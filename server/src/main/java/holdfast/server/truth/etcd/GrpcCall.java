package holdfast.server.truth.etcd;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.vertx.core.Context;
import io.vertx.core.Future;
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

/// A call as length-prefixed messages over one HTTP/2 stream (gRPC over HTTP2).
final class GrpcCall extends Call {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcCall.class);
    private static final int PREFIX_BYTES = 5;
    private static final int GATHERED_BYTES = 32 << 10; // then they are written
    private static final byte[][] NOTHING = {};
    private static final String STATUS = "grpc-status";

    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final int messageBytesMax;
    private final @Nullable Connection connection;
    private @Nullable Buffer partial;
    private boolean headSent;
    private boolean gathering;
    private final List<byte[]> gathered = new ArrayList<>(); // GATHERED_BYTES, or one message
    private int gatheredBytes;

    /// @param connection hears when the call begins, sends and ends; null where nobody looks after it
    GrpcCall(HttpServerRequest request, Context loop, int messageBytesMax, @Nullable Connection connection) {
        super(loop);
        this.request = request;
        this.response = request.response();
        this.messageBytesMax = messageBytesMax;
        this.connection = connection;
        if (connection != null) connection.callBegan();
        request.handler(this::read);
        request.endHandler(_ -> halfClosed());
        request.exceptionHandler(_ -> gone());
        response.exceptionHandler(_ -> gone());
        response.closeHandler(_ -> gone());
    }

    @Override
    @Nullable
    String header(String name) {
        return request.getHeader(name);
    }

    @Override
    @Nullable
    String commonName() {
        return CommonName.of(request.connection().sslSession());
    }

    @Override
    void carry(MessageLite message) {
        beginHead();
        byte[] framed = frame(message);
        makeRoom(framed.length);
        gather(framed);
        if (!gathering) writeGathered();
    }

    private Future<Void> write(Buffer bytes) {
        Future<Void> written = response.write(bytes);
        follow(written, bytes.length());
        return written;
    }

    @Override
    void together(Runnable task) {
        gathering = true;
        try {
            task.run();
        } finally {
            writeGathered();
            gathering = false;
        }
    }

    @Override
    void carryEncoded(int messageBytes, byte[] head, List<byte[]> rest) {
        beginHead();
        byte[] framed = new byte[PREFIX_BYTES + head.length];
        writeLength(framed, 0, messageBytes);
        System.arraycopy(head, 0, framed, PREFIX_BYTES, head.length);
        makeRoom(PREFIX_BYTES + messageBytes);
        gather(framed);
        rest.forEach(this::gather);
        if (!gathering) writeGathered();
    }

    private void makeRoom(int bytes) {
        if (gatheredBytes + bytes > GATHERED_BYTES) writeGathered();
    }

    private void gather(byte[] piece) {
        gathered.add(piece);
        gatheredBytes += piece.length;
    }

    /// Many small pieces are copied once, straight to where the socket takes them from; but not for a client that is
    /// slow, where they may lie for long. A large one stays where it is: others may hold it, too.
    private void writeGathered() {
        if (gatheredBytes > 0 && !isOver()) {
            if (gathered.size() == 1) {
                write(BufferInternal.buffer(Unpooled.wrappedBuffer(gathered.getFirst())));
            } else if (gatheredBytes > GATHERED_BYTES) {
                write(BufferInternal.buffer(Unpooled.wrappedBuffer(gathered.size(), gathered.toArray(NOTHING))));
            } else if (isFull()) {
                write(BufferInternal.buffer(joined(Unpooled.buffer(gatheredBytes))));
            } else {
                ByteBuf lent = joined(ByteBufAllocator.DEFAULT.directBuffer(gatheredBytes));
                write(BufferInternal.buffer(lent)).onComplete(_ -> lent.release());
            }
        }
        gathered.clear();
        gatheredBytes = 0;
    }

    private ByteBuf joined(ByteBuf into) {
        for (byte[] piece : gathered) into.writeBytes(piece);
        return into;
    }

    @Override
    @Nullable
    Debt debt() {
        return connection == null ? null : connection.debt();
    }

    @Override
    boolean takesParts() {
        return true;
    }

    @Override
    void carryHead(long messageBytes) {
        writeGathered();
        beginHead();
        byte[] prefix = new byte[PREFIX_BYTES];
        writeLength(prefix, 0, messageBytes);
        follow(response.write(Buffer.buffer(prefix)), PREFIX_BYTES);
    }

    @Override
    void carryPart(MessageLite part) {
        Buffer bytes = BufferInternal.buffer(Unpooled.wrappedBuffer(part.toByteArray()));
        follow(response.write(bytes), bytes.length());
    }

    @Override
    void carryLast(MessageLite message) {
        writeGathered();
        beginHead();
        response.putTrailer(STATUS, "0");
        Buffer frame = BufferInternal.buffer(Unpooled.wrappedBuffer(frame(message)));
        followLast(response.end(frame), frame.length());
    }

    @Override
    void carryEnd(int status, @Nullable String message) {
        writeGathered();
        String code = Integer.toString(status);
        if (headSent) {
            response.putTrailer(STATUS, code);
            if (message != null) response.putTrailer("grpc-message", percent(message));
        } else {
            beginHead();
            response.putHeader(STATUS, code);
            if (message != null) response.putHeader("grpc-message", percent(message));
        }
        response.end();
    }

    @Override
    boolean isQueueFull() {
        return response.writeQueueFull();
    }

    @Override
    void onQueueDrain(Runnable task) {
        response.drainHandler(_ -> task.run());
    }

    @Override
    void pause() {
        if (!isOver()) request.pause();
    }

    @Override
    void resume() {
        if (!isOver()) request.resume();
    }

    @Override
    void ended() {
        if (connection == null) return;
        connection.callEnded();
    }

    private void beginHead() {
        if (headSent) return;
        headSent = true;
        response.putHeader("content-type", "application/grpc");
    }

    private void read(Buffer chunk) {
        Buffer all = partial == null ? chunk : partial.appendBuffer(chunk);
        int at = 0;
        while (!isOver() && all.length() - at >= PREFIX_BYTES) {
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
        if (isOver() || at == all.length()) partial = null;
        else if (at != 0 || partial == null) partial = Buffer.buffer(all.getBytes(at, all.length()));
    }

    private void deliver(boolean compressed, byte[] message) {
        try {
            take(compressed ? inflate(message) : message);
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

    private static byte[] frame(MessageLite message) {
        int size = message.getSerializedSize();
        byte[] framed = new byte[PREFIX_BYTES + size];
        writeLength(framed, 0, size);
        CodedOutputStream out = CodedOutputStream.newInstance(framed, PREFIX_BYTES, size);
        try {
            message.writeTo(out);
        } catch (IOException bug) {
            throw new IllegalStateException("a message of " + size + " bytes outgrew its own size", bug);
        }
        return framed;
    }

    private static void writeLength(byte[] framed, int at, long size) {
        framed[at + 1] = (byte) (size >> 24);
        framed[at + 2] = (byte) (size >> 16);
        framed[at + 3] = (byte) (size >> 8);
        framed[at + 4] = (byte) size;
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

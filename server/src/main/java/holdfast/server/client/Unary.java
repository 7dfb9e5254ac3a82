package holdfast.server.client;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.grpc.common.GrpcStatus;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// One method of gRPC with one message each way (gRPC over HTTP/2, PROTOCOL-HTTP2). The request goes out as one
/// frame that also ends the stream: a server that answers before it has seen the end of the request resets the
/// stream, and a client that is reset too often closes its connection, with every watch on it.
record Unary<Q extends MessageLite, R extends MessageLite>(String path, Parser<R> parser) {
    private static final int PREFIX_BYTES = 5;

    String name() {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /// What the server said.
    ///
    /// @param value null unless the status is OK
    record Reply<R>(@Nullable R value, GrpcStatus status, String message) {}

    /// A request that may be sent. A failure means that nothing was sent.
    Future<HttpClientRequest> open(HttpClient http, RequestOptions to) {
        return http.request(new RequestOptions(to).setMethod(HttpMethod.POST).setURI(path));
    }

    Future<Reply<R>> send(HttpClientRequest request, Q message) {
        request.putHeader("content-type", "application/grpc").putHeader("te", "trailers");
        // Asked for before it is sent: a quick server has ended its answer before a later listener hears of it.
        Future<Reply<R>> reply =
                request.response().compose(response -> response.body().compose(body -> read(response, body)));
        return request.end(frame(message)).compose(_ -> reply);
    }

    private static Buffer frame(MessageLite message) {
        int size = message.getSerializedSize();
        byte[] bytes = new byte[PREFIX_BYTES + size];
        bytes[1] = (byte) (size >>> 24);
        bytes[2] = (byte) (size >>> 16);
        bytes[3] = (byte) (size >>> 8);
        bytes[4] = (byte) size;
        try {
            message.writeTo(CodedOutputStream.newInstance(bytes, PREFIX_BYTES, size));
        } catch (java.io.IOException bug) {
            throw new IllegalStateException("memory does not fail", bug);
        }
        return Buffer.buffer(bytes);
    }

    private Future<Reply<R>> read(HttpClientResponse response, Buffer body) {
        String status = trailer(response, "grpc-status");
        if (status == null) return Future.failedFuture("HTTP " + response.statusCode() + " without a gRPC status");
        GrpcStatus code = status.matches("\\d{1,2}") ? GrpcStatus.valueOf(Integer.parseInt(status)) : null;
        if (code == null) return Future.failedFuture("unknown gRPC status " + status);
        String message = trailer(response, "grpc-message");
        String words = message == null ? "" : decode(message);
        if (code != GrpcStatus.OK) return Future.succeededFuture(new Reply<>(null, code, words));
        if (body.length() < PREFIX_BYTES || body.getByte(0) != 0) return Future.failedFuture("no plain message came");
        try {
            byte[] bytes = body.getBytes(PREFIX_BYTES, PREFIX_BYTES + body.getInt(1));
            return Future.succeededFuture(new Reply<>(parser.parseFrom(bytes), code, words));
        } catch (InvalidProtocolBufferException | IndexOutOfBoundsException damaged) {
            return Future.failedFuture(damaged);
        }
    }

    /// In the headers when there is nothing else.
    private static @Nullable String trailer(HttpClientResponse response, String name) {
        String value = response.getTrailer(name);
        return value != null ? value : response.getHeader(name);
    }

    private static String decode(String percentEncoded) {
        try {
            return URLDecoder.decode(percentEncoded.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException _) {
            return percentEncoded;
        }
    }
}

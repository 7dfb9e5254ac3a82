package holdfast.server.truth.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.PutResponse;
import holdfast.protocol.etcd.WatchCreateRequest;
import holdfast.protocol.etcd.WatchProgressRequest;
import holdfast.protocol.etcd.WatchRequest;
import holdfast.protocol.etcd.WatchResponse;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.common.ServiceName;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;

/// A bare gRPC client over Vert.x with one connection, for tests that look at single messages.
public final class DoorClient implements AutoCloseable {
    static final long LIMIT_SECONDS = 60;
    private static final int MESSAGE_BYTES_MAX = 64 << 20;

    private final GrpcClient client;
    private final SocketAddress server;

    public DoorClient(Vertx vertx, int port) {
        client = GrpcClient.client(vertx, new GrpcClientOptions().setMaxMessageSize(MESSAGE_BYTES_MAX));
        server = SocketAddress.inetSocketAddress(port, "127.0.0.1");
    }

    /// What a unary call answered.
    public record Answer<A>(GrpcStatus status, String message, A body) {}

    public <A> Answer<A> call(String path, MessageLite request, Parser<A> parser, Map<String, String> headers)
            throws Exception {
        GrpcClientRequest<Buffer, Buffer> call = open(path, headers);
        return get(answer(call, request.toByteArray(), parser));
    }

    /// Listens before it sends, so that no answer can slip by.
    static <A> io.vertx.core.Future<Answer<A>> answer(
            GrpcClientRequest<Buffer, Buffer> call, byte[] request, Parser<A> parser) {
        io.vertx.core.Future<Answer<A>> answer = call.response().compose(response -> {
            io.vertx.core.Promise<Answer<A>> answered = io.vertx.core.Promise.promise();
            AtomicReference<byte[]> last = new AtomicReference<>(new byte[0]);
            response.handler(message -> last.set(message.getBytes()));
            response.exceptionHandler(answered::tryFail);
            response.endHandler(_ -> {
                try {
                    String said = response.statusMessage() == null ? "" : response.statusMessage();
                    answered.tryComplete(new Answer<>(response.status(), said, parser.parseFrom(last.get())));
                } catch (InvalidProtocolBufferException bug) {
                    answered.tryFail(bug);
                }
            });
            return answered.future();
        });
        call.end(Buffer.buffer(request));
        return answer;
    }

    /// The store's revision after putting `key`.
    public long put(String key, String value) throws Exception {
        PutRequest request = PutRequest.newBuilder()
                .setKey(com.google.protobuf.ByteString.copyFromUtf8(key))
                .setValue(com.google.protobuf.ByteString.copyFromUtf8(value))
                .build();
        Answer<PutResponse> answer = call("etcdserverpb.KV/Put", request, PutResponse.parser(), Map.of());
        if (answer.status() != GrpcStatus.OK) throw new IllegalStateException(answer.toString());
        return answer.body().getHeader().getRevision();
    }

    public GrpcClientRequest<Buffer, Buffer> open(String path, Map<String, String> headers) throws Exception {
        GrpcClientRequest<Buffer, Buffer> call = get(client.request(server));
        call.serviceName(ServiceName.create(path.substring(0, path.indexOf('/'))));
        call.methodName(path.substring(path.indexOf('/') + 1));
        headers.forEach((name, value) -> call.headers().set(name, value));
        return call;
    }

    public WatchStreamClient watch(Map<String, String> headers) throws Exception {
        return new WatchStreamClient(open("etcdserverpb.Watch/Watch", headers));
    }

    /// One watch stream: what came, in order.
    public static final class WatchStreamClient {
        public final LinkedBlockingQueue<WatchResponse> heard = new LinkedBlockingQueue<>();
        final List<String> ended = new CopyOnWriteArrayList<>();
        private final GrpcClientRequest<Buffer, Buffer> call;
        private volatile GrpcClientResponse<Buffer, Buffer> response;

        private WatchStreamClient(GrpcClientRequest<Buffer, Buffer> call) {
            this.call = call;
            call.response().onComplete(answered -> {
                if (answered.failed()) {
                    ended.add(String.valueOf(answered.cause()));
                    return;
                }
                GrpcClientResponse<Buffer, Buffer> opened = answered.result();
                response = opened;
                opened.handler(this::take);
                opened.endHandler(_ ->
                        ended.add(opened.status() + ": " + opened.trailers().get("grpc-message")));
                opened.exceptionHandler(failed -> ended.add(String.valueOf(failed)));
            });
        }

        private void take(Buffer message) {
            try {
                heard.add(WatchResponse.parseFrom(message.getBytes()));
            } catch (InvalidProtocolBufferException bug) {
                throw new IllegalStateException(bug);
            }
        }

        public void create(String key, String rangeEnd, long fromRevision) {
            send(WatchRequest.newBuilder()
                    .setCreateRequest(WatchCreateRequest.newBuilder()
                            .setKey(com.google.protobuf.ByteString.copyFromUtf8(key))
                            .setRangeEnd(com.google.protobuf.ByteString.copyFromUtf8(rangeEnd))
                            .setStartRevision(fromRevision))
                    .build());
        }

        public void send(WatchRequest request) {
            call.write(Buffer.buffer(request.toByteArray()));
        }

        void askProgress() {
            send(WatchRequest.newBuilder()
                    .setProgressRequest(WatchProgressRequest.getDefaultInstance())
                    .build());
        }

        public WatchResponse next() throws InterruptedException {
            WatchResponse next = heard.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
            if (next == null) throw new IllegalStateException("nothing came; ended: " + ended);
            return next;
        }

        /// Takes nothing from the connection until [#resume].
        public void pause() throws InterruptedException {
            await(() -> response != null);
            response.pause();
        }

        public void resume() {
            response.resume();
        }

        public void cancel() {
            call.cancel();
        }
    }

    static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) throw new IllegalStateException("not within " + LIMIT_SECONDS + " s");
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    static <T> T get(io.vertx.core.Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() throws Exception {
        get(client.close());
    }
}

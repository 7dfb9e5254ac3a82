package holdfast.clients;

import static holdfast.clients.RawTranscript.put;

import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.PutResponse;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;

/// gRPC itself: unknown methods, bytes that are no message, compression, metadata, health.
final class RawProtocol {
    private final Lines lines;
    private final ManagedChannel channel;

    RawProtocol(Lines lines, ManagedChannel channel) {
        this.lines = lines;
        this.channel = channel;
    }

    void run() {
        lines.step("unknown service", () -> call("nowhere.Nothing/Never", new byte[0]));
        lines.step("unknown method", () -> call("etcdserverpb.KV/Never", new byte[0]));
        lines.step("health", () -> call("grpc.health.v1.Health/Check", new byte[0]));
        lines.step("health of a service", () -> call("grpc.health.v1.Health/Check", named("etcdserverpb.KV")));
        lines.step("unknown field", () -> call("etcdserverpb.KV/Range", new byte[] {0x0a, 1, 'q', (byte) 0xf8, 7, 1}));
        lines.step(
                "gzip",
                () -> KVGrpc.newBlockingStub(channel)
                        .withCompression("gzip")
                        .withDeadlineAfter(10, TimeUnit.SECONDS)
                        .put(put("zipped", "z".repeat(1_000)).build()));
        Metadata wantsLeader = new Metadata();
        wantsLeader.put(Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER), "true");
        lines.step("put that wants a leader", () -> {
            PutRequest request = put("led", "v").build();
            PutResponse done = KVGrpc.newBlockingStub(channel)
                    .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(wantsLeader))
                    .put(request);
            return done;
        });
    }

    private static byte[] named(String service) {
        byte[] name = service.getBytes(StandardCharsets.UTF_8);
        byte[] message = new byte[name.length + 2];
        message[0] = 0x0a;
        message[1] = (byte) name.length;
        System.arraycopy(name, 0, message, 2, name.length);
        return message;
    }

    /// The answer's bytes in hexadecimal; the header's ids make them useless where there is a header.
    private String call(String method, byte[] message) {
        MethodDescriptor<byte[], byte[]> descriptor = MethodDescriptor.newBuilder(new Bytes(), new Bytes())
                .setType(MethodType.UNARY)
                .setFullMethodName(method)
                .build();
        byte[] answer = ClientCalls.blockingUnaryCall(
                channel, descriptor, CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS), message);
        return answer.length > 10 ? "a long answer" : HexFormat.of().formatHex(answer);
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
    }
}

package holdfast.bench;

import com.google.protobuf.ByteString;
import holdfast.protocol.etcd.PutRequest;
import holdfast.protocol.etcd.PutResponse;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.common.GrpcMessageDecoder;
import io.vertx.grpc.common.GrpcMessageEncoder;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.common.ServiceName;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/// Puts with a fixed number in flight, spread over the members, from one event loop.
final class Load implements AutoCloseable {
    private static final ServiceMethod<PutResponse, PutRequest> PUT = ServiceMethod.client(
            ServiceName.create("etcdserverpb", "KV"),
            "Put",
            GrpcMessageEncoder.<PutRequest>encoder(),
            GrpcMessageDecoder.<PutResponse>decoder(PutResponse.newBuilder()));
    private static final int VALUE_BYTES = 256;
    private static final int KEYS = 100_000;
    private static final int SAMPLES_MAX = 4_000_000;

    private final Vertx vertx;
    private final List<SocketAddress> members;
    private final List<GrpcClient> clients;
    private final ByteString value = ByteString.copyFrom(new byte[VALUE_BYTES]);

    /// What one run measured.
    record Result(double perSecond, double p50Millis, double p99Millis, long failed) {}

    Load(Vertx vertx, List<Integer> ports) {
        this.vertx = vertx;
        members = ports.stream()
                .map(port -> SocketAddress.inetSocketAddress(port, "127.0.0.1"))
                .toList();
        clients = members.stream().map(_ -> client()).toList();
    }

    private GrpcClient client() {
        return GrpcClient.client(
                vertx,
                new HttpClientOptions()
                        .setProtocolVersion(HttpVersion.HTTP_2)
                        .setHttp2ClearTextUpgrade(false)
                        .setHttp2MultiplexingLimit(1_000)
                        .setTcpNoDelay(true));
    }

    /// One run's counters, on the event loop only.
    private final class Run {
        private final long endNanos;
        private final CountDownLatch idle;
        private final long[] latencies = new long[SAMPLES_MAX];
        private int done;
        private long failed;
        private int next;

        Run(int inFlight, long endNanos) {
            this.endNanos = endNanos;
            idle = new CountDownLatch(inFlight);
        }

        void put(int slot) {
            long begun = System.nanoTime();
            if (begun - endNanos >= 0) {
                idle.countDown();
                return;
            }
            int member = slot % members.size();
            PutRequest request = PutRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8("bench/" + next++ % KEYS))
                    .setValue(value)
                    .build();
            clients.get(member)
                    .request(members.get(member), PUT)
                    .compose(call -> call.send(request))
                    .compose(answer -> answer.last())
                    .onComplete(put -> {
                        if (put.failed()) failed++;
                        else if (done < SAMPLES_MAX) latencies[done++] = System.nanoTime() - begun;
                        put(slot);
                    });
        }
    }

    /// @param inFlight puts under way at once
    Result run(int inFlight, double seconds) throws InterruptedException {
        long begun = System.nanoTime();
        Run run = new Run(inFlight, begun + (long) (seconds * 1e9));
        vertx.getOrCreateContext().runOnContext(_ -> {
            for (int slot = 0; slot < inFlight; slot++) run.put(slot);
        });
        run.idle.await();
        double took = (System.nanoTime() - begun) / 1e9;
        long[] sorted = Arrays.copyOf(run.latencies, run.done);
        Arrays.sort(sorted);
        return new Result(run.done / took, millis(sorted, 50), millis(sorted, 99), run.failed);
    }

    private static double millis(long[] sorted, int percentile) {
        return sorted.length == 0 ? 0 : sorted[(int) ((sorted.length - 1L) * percentile / 100)] / 1e6;
    }

    @Override
    public void close() {
        clients.forEach(GrpcClient::close);
    }
}

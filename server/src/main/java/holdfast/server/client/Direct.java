package holdfast.server.client;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.common.ServiceMethod;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/// gRPC to one process that is not a store, over a connection of its own: what agents and the loop speak.
public final class Direct implements AutoCloseable {
    private static final int CONNECT_MILLIS = 1_000;

    private final Vertx vertx;
    private final ClientTls tls;
    private volatile boolean closed;

    public Direct(Vertx vertx, ClientTls tls) {
        this.vertx = vertx;
        this.tls = tls;
    }

    /// @param address `HOST:PORT`
    public Line to(String address, boolean secure) {
        HttpClientOptions http = new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setConnectTimeout(CONNECT_MILLIS)
                .setTcpNoDelay(true);
        if (secure) Link.secure(http, tls);
        int colon = address.lastIndexOf(':');
        SocketAddress socket = SocketAddress.inetSocketAddress(
                Integer.parseInt(address.substring(colon + 1)), address.substring(0, colon));
        return new Line(GrpcClient.client(vertx, http), socket);
    }

    /// One connection.
    public final class Line implements AutoCloseable {
        private final GrpcClient client;
        private final SocketAddress socket;

        private Line(GrpcClient client, SocketAddress socket) {
            this.client = client;
            this.socket = socket;
        }

        public <Q, R> GrpcClientRequest<Q, R> open(ServiceMethod<R, Q> method, long limitNanos)
                throws TimeoutException, ExecutionException, InterruptedException {
            if (closed) throw new TimeoutException("closed");
            return Calls.await(client.request(socket, method), limitNanos);
        }

        @Override
        public void close() {
            client.close();
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}

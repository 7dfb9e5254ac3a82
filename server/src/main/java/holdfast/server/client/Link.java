package holdfast.server.client;

import com.google.protobuf.MessageLite;
import holdfast.server.base.tls.KeysInMemory;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.common.ServiceMethod;

/// The connections to one member, one for calls and one for streams. [#reset] gives them up: a member that does not
/// answer may be frozen or cut off, and a connection to it would swallow every later call.
final class Link implements AutoCloseable {
    private static final String TOKEN = "token"; // etcd's name in the metadata
    private static final int MESSAGE_BYTES_MAX = 64 << 20;
    private static final int STREAMS_WINDOW_BYTES = 4 << 20;

    /// How long what is under way on connections that were given up may still be answered: one slow call says
    /// nothing of the others.
    private static final long DRAIN_MILLIS = 2_000;

    final Endpoint endpoint;
    private final Vertx vertx;
    private final HttpClientOptions http;
    private final SocketAddress address;
    private final RequestOptions to;
    private HttpClient client;
    private GrpcClient grpc;
    private volatile String token = "";

    Link(Vertx vertx, Endpoint endpoint, EtcdConfig config) {
        this.vertx = vertx;
        this.endpoint = endpoint;
        this.address = SocketAddress.inetSocketAddress(endpoint.port(), endpoint.host());
        this.http = new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setHttp2ConnectionWindowSize(STREAMS_WINDOW_BYTES)
                .setConnectTimeout(Math.toIntExact(config.connectLimit().toMillis()))
                .setTcpNoDelay(true)
                .setTcpKeepAlive(true)
                .setIdleTimeout(0);
        if (endpoint.tls()) secure(http, config.tls());
        this.to = new RequestOptions()
                .setServer(address)
                .setHost(endpoint.host())
                .setPort(endpoint.port())
                .setSsl(endpoint.tls());
        this.client = vertx.createHttpClient(http);
        this.grpc = connect();
    }

    static void secure(HttpClientOptions http, ClientTls tls) {
        KeysInMemory.makeCheap();
        http.setSsl(true).setUseAlpn(true).setVerifyHost(true);
        if (tls.authority() != null) {
            http.setTrustOptions(
                    new PemTrustOptions().addCertPath(tls.authority().toString()));
        }
        if (tls.certificate() != null && tls.key() != null) {
            http.setKeyCertOptions(new PemKeyCertOptions()
                    .setCertPath(tls.certificate().toString())
                    .setKeyPath(tls.key().toString()));
        }
    }

    private GrpcClient connect() {
        return GrpcClient.builder(vertx)
                .with(new GrpcClientOptions().setMaxMessageSize(MESSAGE_BYTES_MAX))
                .with(http)
                .build();
    }

    /// Opens a request. A failure means that nothing was sent.
    synchronized <Q extends MessageLite, R extends MessageLite> Future<HttpClientRequest> open(Unary<Q, R> method) {
        Future<HttpClientRequest> opened = method.open(client, to);
        return token.isEmpty() ? opened : opened.map(request -> request.putHeader(TOKEN, token));
    }

    /// Opens a stream. A failure means that nothing was sent.
    synchronized <Q, R> Future<GrpcClientRequest<Q, R>> open(ServiceMethod<R, Q> method) {
        Future<GrpcClientRequest<Q, R>> opened = grpc.request(address, method);
        String now = token;
        if (now.isEmpty()) return opened;
        return opened.map(request -> {
            request.headers().set(TOKEN, now);
            return request;
        });
    }

    /// What the next requests show for their user; empty for nobody.
    void token(String newToken) {
        token = newToken;
    }

    /// Later calls and streams go over new connections; what is under way on the old ones has two seconds more.
    synchronized void reset() {
        HttpClient oldClient = client;
        GrpcClient oldGrpc = grpc;
        vertx.setTimer(DRAIN_MILLIS, _ -> {
            oldGrpc.close();
            oldClient.close();
        });
        client = vertx.createHttpClient(http);
        grpc = connect();
    }

    @Override
    public synchronized void close() {
        grpc.close();
        client.close();
    }
}

package holdfast.server.truth.etcd;

import holdfast.server.truth.Store;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.TrustOptions;
import io.vertx.core.net.impl.ConnectionBase;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Serves the etcd v3 API and plain HTTP pages on one port, for as long as it is open.
public final class EtcdDoor implements AutoCloseable {
    private static final long OPEN_LIMIT_SECONDS = 10;
    private static final int FLUSHES_GATHERED_MAX = 256;
    private static final int PING_BYTES = 8;
    private static final int STREAM_WINDOW_BYTES = 1 << 20;
    private static final int CONNECTION_WINDOW_BYTES = 16 << 20;

    /// Each costs some KiB. Clients wait for a free one by themselves.
    private static final int STREAMS_PER_CONNECTION_MAX = 16_384;

    private static final long RELIEF_MILLIS = 1_000;

    private static final int HEADER_BYTES_MAX = 32 << 10;
    private static final int LINE_BYTES_MAX = 8 << 10;

    /// etcd clients cancel calls and watches as they please: only a flood is a fault.
    private static final int RESETS_PER_SECOND_MAX = 20_000;

    private static final Set<String> STREAMS =
            Set.of("/etcdserverpb.Watch/Watch", "/etcdserverpb.Lease/LeaseKeepAlive");

    private final EtcdConfig config;
    private final Vertx vertx;
    private final Standing standing;
    private final DoorMetrics metrics;
    private final Backlog backlog;
    private final long reliefTimer;
    private final Pages pages;
    private final Map<String, Rpc> methods = new HashMap<>();
    private final List<String> deployments = new ArrayList<>();
    private final boolean onlyPages;
    private int port;

    private EtcdDoor(
            EtcdConfig config,
            Vertx vertx,
            Store store,
            DoorMetrics metrics,
            boolean onlyPages,
            Handler<HttpServerRequest> otherPages) {
        this.config = config;
        this.vertx = vertx;
        this.metrics = metrics;
        standing = new Standing(vertx, store, config);
        backlog = metrics.backlog;
        reliefTimer = vertx.setPeriodic(RELIEF_MILLIS, _ -> backlog.relieve());
        this.onlyPages = onlyPages;
        Gate gate = new Gate(store, config);
        Gateway gateway = onlyPages ? null : new Gateway(vertx, config.messageBytesMax(), this::begin);
        pages = new Pages(vertx, gate, standing, metrics, gateway, otherPages);
        new KvService(gate, standing, config).addTo(methods);
        new WatchService(vertx, gate, config, metrics).addTo(methods);
        new LeaseService(gate, standing, config).addTo(methods);
        new ClusterService(store, gate, standing).addTo(methods);
        new MaintenanceService(store, gate, standing).addTo(methods);
        new SnapshotService(store, gate).addTo(methods);
        new AuthService(gate, standing).addTo(methods);
        new HealthService().addTo(methods);
        new LockService(gate).addTo(methods);
        new ElectionService(gate).addTo(methods);
    }

    /// Opens the port. Waits until it listens; do not call it on an event loop.
    ///
    /// @param metrics of all doors of this process
    /// @param otherPages what answers every HTTP request that is neither gRPC nor one of etcd's pages
    /// @throws IOException when the port cannot be had
    public static EtcdDoor open(
            EtcdConfig config, Vertx vertx, Store store, DoorMetrics metrics, Handler<HttpServerRequest> otherPages)
            throws IOException, InterruptedException {
        return new EtcdDoor(config, vertx, store, metrics, false, otherPages).listen();
    }

    private EtcdDoor listen() throws IOException, InterruptedException {
        try {
            port = config.port();
            for (int loop = 0; loop < config.eventLoops(); loop++) {
                Listener listener = new Listener();
                deployments.add(wait(vertx.deployVerticle(listener)));
                port = listener.actualPort();
            }
            return this;
        } catch (IOException | InterruptedException failed) {
            close();
            throw failed;
        }
    }

    /// Says that there is no such page, in etcd's words.
    public static void notFound(HttpServerRequest request) {
        Pages.notFound(request);
    }

    /// Without other pages.
    public static EtcdDoor open(EtcdConfig config, Vertx vertx, Store store, DoorMetrics metrics)
            throws IOException, InterruptedException {
        return open(config, vertx, store, metrics, Pages::notFound);
    }

    /// Serves `/metrics` and the health pages only, to whoever asks.
    public static EtcdDoor openPages(EtcdConfig config, Vertx vertx, Store store, DoorMetrics metrics)
            throws IOException, InterruptedException {
        return new EtcdDoor(config, vertx, store, metrics, true, Pages::notFound).listen();
    }

    /// The port that it listens on, also when the system picked it.
    public int port() {
        return port;
    }

    /// Ends every call. Waits; do not call it on an event loop.
    @Override
    public void close() {
        standing.close();
        vertx.cancelTimer(reliefTimer);
        for (String deployment : deployments) {
            try {
                wait(vertx.undeploy(deployment));
            } catch (IOException _) {
                // its server is gone either way
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        deployments.clear();
    }

    /// One event loop's share of the port.
    private final class Listener extends VerticleBase {
        private final IdentityHashMap<HttpConnection, Connection> connections =
                new IdentityHashMap<>(); // of this event loop
        private @Nullable HttpServer server;

        @Override
        public Future<?> start() {
            HttpServer opened = vertx.createHttpServer(options())
                    .exceptionHandler(Connection::rejected)
                    .connectionHandler(this::connected)
                    .requestHandler(this::awaitUpgrade);
            server = opened;
            return opened.listen();
        }

        @Override
        public Future<?> stop() {
            return server == null ? Future.succeededFuture() : server.close();
        }

        private void connected(HttpConnection opened) {
            gatherWrites(opened);
            connections.put(
                    opened,
                    Connection.look(vertx, opened, config.connections(), backlog, () -> connections.remove(opened)));
        }

        /// Some clients of HTTP/1 that ask for HTTP/2 (the JDK's and curl among them) lose what comes right behind the
        /// word that they get it. So their first answer waits until they speak HTTP/2.
        private void awaitUpgrade(HttpServerRequest request) {
            boolean maybeUpgraded =
                    request.version() == HttpVersion.HTTP_2 && !request.isSSL() && request.streamId() == 1;
            if (!maybeUpgraded || Connection.isGrpc(request)) {
                serve(request);
                return;
            }
            request.pause();
            request.connection().ping(Buffer.buffer(new byte[PING_BYTES])).onComplete(_ -> {
                serve(request);
                request.resume();
            });
        }

        private void serve(HttpServerRequest request) {
            Connection connection = connections.get(request.connection());
            if (onlyPages || !Connection.isGrpc(request)) {
                if (connection != null) connection.requested(request);
                pages.serve(request, connection == null ? null : connection.debt());
                return;
            }
            String path = Objects.requireNonNullElse(request.path(), "");
            begin(path, new GrpcCall(request, vertx.getOrCreateContext(), config.messageBytesMax(), connection));
        }

        int actualPort() {
            return server == null ? 0 : server.actualPort();
        }
    }

    /// Answers come from another thread one by one, and Vert.x would flush after each. So all that are ready in one
    /// turn
    /// of the event loop go out in one system call.
    private static void gatherWrites(HttpConnection connection) {
        if (!(connection instanceof ConnectionBase netty)) return;
        netty.channel()
                .pipeline()
                .addFirst(new StreamErrors(), new FlushConsolidationHandler(FLUSHES_GATHERED_MAX, true));
    }

    private HttpServerOptions options() {
        HttpServerOptions options = new HttpServerOptions()
                .setHost(config.host())
                .setPort(port)
                .setInitialSettings(new Http2Settings()
                        .setMaxConcurrentStreams(STREAMS_PER_CONNECTION_MAX)
                        .setInitialWindowSize(STREAM_WINDOW_BYTES)
                        .setMaxHeaderListSize(HEADER_BYTES_MAX))
                .setHttp2ConnectionWindowSize(CONNECTION_WINDOW_BYTES)
                .setHttp2RstFloodMaxRstFramePerWindow(RESETS_PER_SECOND_MAX)
                .setHttp2RstFloodWindowDuration(1)
                .setHttp2RstFloodWindowDurationTimeUnit(TimeUnit.SECONDS);
        options.setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
                .setIdleTimeout(
                        Math.toIntExact(config.connections().silenceMax().toMillis()))
                .setMaxHeaderSize(HEADER_BYTES_MAX)
                .setMaxInitialLineLength(LINE_BYTES_MAX)
                .setWebSocketSubProtocols(List.of("Bearer"))
                .setMaxWebSocketFrameSize(config.messageBytesMax())
                .setMaxWebSocketMessageSize(config.messageBytesMax());
        EtcdConfig.Tls tls = config.tls();
        if (tls == null) return options;
        options.setSsl(true)
                .setUseAlpn(true)
                .setKeyCertOptions(KeyCertOptions.wrap(tls.files().keys()));
        if (tls.files().files().authority() != null)
            options.setTrustOptions(TrustOptions.wrap(tls.files().trust())).setClientAuth(ClientAuth.REQUIRED);
        if (!tls.versions().isEmpty()) options.setEnabledSecureTransportProtocols(new LinkedHashSet<>(tls.versions()));
        tls.cipherSuites().forEach(options::addEnabledCipherSuite);
        return options;
    }

    /// Begins a call of the RPC at `path`, whatever carries it.
    private void begin(String path, Call call) {
        Rpc rpc = methods.get(path);
        MethodMetrics numbers = metrics.of(path);
        boolean stream = STREAMS.contains(path);
        if (rpc != null && numbers != null) {
            call.count(numbers);
            metrics.requested(call.header("client-api-version"), stream);
        }
        boolean wantsLeader = "true".equals(call.header("hasleader"));
        if (rpc == null) {
            call.fail(unknown(path));
        } else if (stream && standing.isLearner()) {
            call.fail(EtcdError.NOT_FOR_LEARNER);
        } else if (wantsLeader && !standing.hasLeader()) {
            call.fail(EtcdError.NO_LEADER);
        } else {
            if (wantsLeader && stream) standing.requireLeader(call);
            Debt debt = call.debt();
            if (stream || debt == null || !debt.isFull()) {
                rpc.begin(call);
                return;
            }
            call.pause(); // its messages are for those who listen to it
            debt.enter(call, () -> {
                rpc.begin(call);
                call.resume();
            });
        }
    }

    private EtcdError unknown(String path) {
        int slash = path.lastIndexOf('/');
        String service = slash > 1 ? path.substring(1, slash) : path.substring(1);
        boolean known = methods.keySet().stream().anyMatch(method -> method.startsWith("/" + service + "/"));
        return known ? EtcdError.unknownMethod(service, path.substring(slash + 1)) : EtcdError.unknownService(service);
    }

    private static <T> T wait(Future<T> future) throws IOException, InterruptedException {
        try {
            return future.toCompletionStage().toCompletableFuture().get(OPEN_LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException failed) {
            throw new IOException(String.valueOf(failed.getCause()), failed.getCause());
        } catch (TimeoutException late) {
            throw new IOException("not done within " + OPEN_LIMIT_SECONDS + " s", late);
        }
    }
}

package holdfast.server.healing;

import holdfast.core.base.Bytes;
import holdfast.core.healing.HealingLoop;
import holdfast.core.healing.Input;
import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.client.Lead;
import holdfast.server.healing.sense.SignalCodec;
import holdfast.server.healing.sense.StatusPages;
import holdfast.server.ledger.Keys;
import holdfast.server.ledger.Leader;
import holdfast.server.ledger.LedgerJson;
import holdfast.server.ledger.LedgerStore;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.grpc.server.GrpcServer;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One node that may run the loop, built from its config and closed in reverse: its port, its heartbeats' ear,
/// its driver and its place in the election. Runs beside an embedded store or alone over any etcd.
public final class LoopParts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LoopParts.class);
    private static final int HEARTBEAT_KEY_BYTES = 32;
    private static final long LISTEN_LIMIT_SECONDS = 10;

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private @Nullable HealingDriver driver;
    private volatile @Nullable String broken;
    private int port;

    private LoopParts() {}

    /// @throws IOException when the port is taken
    public static LoopParts open(LoopNode node, Vertx vertx, Metrics metrics, Ticker ticker)
            throws IOException, InterruptedException {
        LoopParts loop = new LoopParts();
        try {
            loop.build(node, vertx, metrics, ticker);
            return loop;
        } catch (IOException | InterruptedException | RuntimeException failed) {
            loop.close();
            throw failed;
        }
    }

    private void build(LoopNode node, Vertx vertx, Metrics metrics, Ticker ticker)
            throws IOException, InterruptedException {
        byte[] key = new byte[HEARTBEAT_KEY_BYTES];
        new SecureRandom().nextBytes(key);
        LateHandler door = new LateHandler(new StatusPages(metrics, () -> Optional.ofNullable(broken)));
        port = listen(node, vertx, door);
        Inbox inbox = new Inbox();
        BeatReceiver beats = add(new BeatReceiver(node.listenHost(), port, key, inbox::accept));
        Attachments attachments = new Attachments(
                key, beats.port(), node.loop().detect().heartbeatEvery().toNanos(), inbox::accept);
        door.grpc = GrpcServer.server(vertx).callHandler(SignalCodec.ATTACH_SERVER, attachments);

        Etcd etcd = add(Etcd.open(vertx, node.store(), ticker));
        HealingDriver built = new HealingDriver(
                node.node(),
                new HealingLoop(node.loop()),
                new LedgerStore(etcd),
                attachments,
                ticker,
                node.leaseTtl().toNanos(),
                Numbers.in(metrics));
        driver = built;
        inbox.driver = built;
        Leader leader = new Leader(node.node(), node.advertiseHost() + ":" + port, node.tls() != null);
        Bytes value = LedgerJson.write(leader);
        BooleanSupplier givesWay = () -> node.besideStore() && isLedElsewhere(etcd);
        Lead lead = Lead.stand(etcd, node.node(), Keys.LEADER, value, node.leaseTtl(), givesWay, built::election);
        built.start(lead::stepDown, () -> {
            broken = "The loop broke an invariant; see the log.";
            lead.close();
        });
        add(lead);
        add(built);
        metrics.gauge("holdfast_loop_leading", "1 while this node leads the loop.", () -> built.leads() ? 1 : 0);
        metrics.gauge("holdfast_loop_agents", "Agents attached to this node.", attachments::count);
    }

    /// Whether the member that answers knows another one as the store's leader.
    private static boolean isLedElsewhere(Etcd etcd) {
        return etcd.status() instanceof Answer.Done<Etcd.MemberStatus>(Etcd.MemberStatus status)
                && status.leader() != 0
                && status.leader() != status.member();
    }

    /// Signals may come before the driver is there.
    private static final class Inbox {
        private volatile @Nullable HealingDriver driver;

        void accept(Input input) {
            HealingDriver now = driver;
            if (now != null) now.hear(input);
        }
    }

    /// gRPC and plain HTTP on one port.
    private static final class LateHandler implements Handler<HttpServerRequest> {
        private final StatusPages pages;
        private volatile @Nullable GrpcServer grpc;

        private LateHandler(StatusPages pages) {
            this.pages = pages;
        }

        @Override
        public void handle(HttpServerRequest request) {
            GrpcServer now = grpc;
            String type = request.getHeader("content-type");
            if (now != null && type != null && type.startsWith("application/grpc")) now.handle(request);
            else pages.handle(request);
        }
    }

    private <T extends AutoCloseable> T add(T part) {
        parts.push(part);
        return part;
    }

    private int listen(LoopNode node, Vertx vertx, Handler<HttpServerRequest> door)
            throws IOException, InterruptedException {
        HttpServerOptions options = new HttpServerOptions().setTcpNoDelay(true);
        LoopNode.Tls tls = node.tls();
        if (tls != null) {
            options.setSsl(true)
                    .setUseAlpn(true)
                    .setClientAuth(ClientAuth.REQUIRED)
                    .setKeyCertOptions(new PemKeyCertOptions()
                            .setCertPath(tls.certificate().toString())
                            .setKeyPath(tls.key().toString()))
                    .setTrustOptions(
                            new PemTrustOptions().addCertPath(tls.authority().toString()));
        }
        HttpServer server = vertx.createHttpServer(options).requestHandler(door);
        try {
            HttpServer listening = server.listen(node.port(), node.listenHost())
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(LISTEN_LIMIT_SECONDS, TimeUnit.SECONDS);
            add(server::close);
            return listening.actualPort();
        } catch (ExecutionException | TimeoutException failed) {
            throw new IOException("cannot listen on port " + node.port() + ": " + failed.getMessage(), failed);
        }
    }

    /// Where agents attach.
    public int port() {
        return port;
    }

    public boolean leads() {
        return driver != null && driver.leads();
    }

    @Override
    public void close() {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception failed) {
                LOG.warn("A part of the loop did not close: {}", failed.toString());
            }
        }
    }
}

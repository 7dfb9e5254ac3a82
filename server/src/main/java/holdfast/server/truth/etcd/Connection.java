package holdfast.server.truth.etcd;

import holdfast.server.base.Ticker;
import io.netty.handler.timeout.IdleStateHandler;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One client's connection, as far as it may cost something: how often the client pings, whether it is still there, and
/// whether it ever asks anything. On the connection's event loop.
final class Connection {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
    private static final long ENHANCE_YOUR_CALM = 11; // RFC 9113, 7
    private static final long LAST_WORDS_MILLIS = 100;
    private static final Ticker TICKER = Ticker.system();

    private final Vertx vertx;
    private final HttpConnection connection;
    private final EtcdConfig.Connections limits;
    private final PingRule pings;
    private final Debt debt;
    private long quietSinceNanos = TICKER.nanos();
    private int callsOpen;
    private int requestsOpen;

    private Connection(Vertx vertx, HttpConnection connection, EtcdConfig.Connections limits, Backlog backlog) {
        this.vertx = vertx;
        this.connection = connection;
        this.limits = limits;
        pings = new PingRule(limits.pingMin().toNanos());
        Context loop = vertx.getOrCreateContext();
        debt = new Debt(backlog, task -> loop.runOnContext(_ -> task.run()), () -> loop.runOnContext(_ -> sendAway()));
    }

    /// Begins to look after a new connection.
    ///
    /// @param gone told when it is closed
    static Connection look(
            Vertx vertx, HttpConnection connection, EtcdConfig.Connections limits, Backlog backlog, Runnable gone) {
        Connection looked = new Connection(vertx, connection, limits, backlog);
        long timer = looked.begin();
        connection.exceptionHandler(
                garbage -> LOG.debug("{} is closed: {}.", connection.remoteAddress(), garbage.getMessage()));
        connection.closeHandler(_ -> {
            vertx.cancelTimer(timer);
            looked.debt.close();
            gone.run();
        });
        // Until here the library closes it when nothing comes; a stream may be silent for as long as it likes.
        vertx.getOrCreateContext().runOnContext(_ -> looked.forgetIdleTime());
        return looked;
    }

    /// A connection ended before it could ask anything. A failed handshake of TLS is worth a line, as in etcd: somebody
    /// may wonder why it is not let in. The rest is noise of whoever knocks.
    static void rejected(Throwable why) {
        for (Throwable cause = why; cause != null; cause = cause.getCause()) {
            if (!(cause instanceof SSLException)) continue;
            LOG.warn("rejected connection on client endpoint: {}", cause.getMessage());
            return;
        }
        LOG.debug("A connection ended before it began: {}.", why.getMessage());
    }

    /// What speaks HTTP/2 can be asked whether it is there; of the rest we can only say that it asks nothing.
    private long begin() {
        if (connection.getWindowSize() < 0) {
            return vertx.setPeriodic(Math.max(1, limits.silenceMax().toMillis() / 4), _ -> endIfSilent());
        }
        connection.pingHandler(_ -> judgePing());
        if (connection instanceof ConnectionBase base)
            SentFrames.hear(base.channel().pipeline(), pings::sent);
        return vertx.setPeriodic(limits.pingEvery().toMillis(), _ -> ping());
    }

    private void forgetIdleTime() {
        if (!(connection instanceof ConnectionBase base)) return;
        var pipeline = base.channel().pipeline();
        IdleStateHandler idle = pipeline.get(IdleStateHandler.class);
        if (idle != null) pipeline.remove(idle);
    }

    /// A request that is no gRPC call.
    void requested(HttpServerRequest request) {
        requestsOpen++;
        if (JsonLine.isUpgrade(request)) return; // it stays open
        request.response().endHandler(_ -> {
            requestsOpen--;
            quietSinceNanos = TICKER.nanos();
        });
    }

    Debt debt() {
        return debt;
    }

    private void sendAway() {
        LOG.warn(
                "{} reads nothing while {} bytes wait for it, and others need the memory: sent away.",
                connection.remoteAddress(),
                debt.unsentBytes());
        connection.close();
    }

    void callBegan() {
        callsOpen++;
    }

    void callEnded() {
        callsOpen--;
    }

    private void judgePing() {
        if (!pings.isTooMany(TICKER.nanos(), callsOpen)) return;
        LOG.info("{} pings more often than every {}: sent away.", connection.remoteAddress(), limits.pingMin());
        connection.goAway(ENHANCE_YOUR_CALM, -1, Buffer.buffer("too_many_pings"));
        vertx.setTimer(LAST_WORDS_MILLIS, _ -> connection.close());
    }

    private void ping() {
        long limit = vertx.setTimer(limits.pingLimit().toMillis(), _ -> {
            LOG.info("{} did not answer a ping within {}.", connection.remoteAddress(), limits.pingLimit());
            connection.close();
        });
        connection.ping(Buffer.buffer(new byte[8])).onComplete(_ -> vertx.cancelTimer(limit));
    }

    /// Without a request under way: nothing came, or a head that does not end.
    private void endIfSilent() {
        if (requestsOpen > 0) return;
        if (TICKER.nanos() - quietSinceNanos < limits.silenceMax().toNanos()) return;
        LOG.debug("{} was silent for {}.", connection.remoteAddress(), limits.silenceMax());
        connection.shutdown(0, TimeUnit.SECONDS);
    }

    static boolean isGrpc(HttpServerRequest request) {
        String type = request.getHeader("content-type");
        return request.version() == HttpVersion.HTTP_2 && type != null && type.startsWith("application/grpc");
    }
}

package holdfast.server.redundancy.sentinel;

import static java.nio.charset.StandardCharsets.US_ASCII;

import holdfast.core.redundancy.sentinel.Event;
import holdfast.core.redundancy.sentinel.Visitor;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The event loop of a sentinel with its callers.
final class Hall extends VerticleBase {
    private static final int CALLERS_MAX = 10_000;

    private final Etcd etcd;
    private final SentinelConfig config;
    private final List<Watched> watched;
    private final Consumer<String> failOver;
    private final Ticker ticker;
    private final Set<Caller> callers = new LinkedHashSet<>();
    private volatile @Nullable FactsWatch watch;
    private volatile int port;
    private long callersEver;

    Hall(Etcd etcd, SentinelConfig config, List<Watched> watched, Consumer<String> failOver, Ticker ticker) {
        this.etcd = etcd;
        this.config = config;
        this.watched = List.copyOf(watched);
        this.failOver = failOver;
        this.ticker = ticker;
    }

    @Override
    public Future<?> start() {
        NetServerOptions options = new NetServerOptions()
                .setHost(config.listenAddress())
                .setPort(config.port())
                .setTcpNoDelay(true)
                .setTcpKeepAlive(true);
        return vertx.createNetServer(options)
                .connectHandler(this::welcome)
                .listen()
                .map(server -> {
                    port = server.actualPort();
                    watch = new FactsWatch(etcd, config, port, watched, ticker, this::tell);
                    return server;
                });
    }

    private void welcome(NetSocket socket) {
        FactsWatch facts = watch;
        if (facts == null || callers.size() >= CALLERS_MAX) {
            socket.write(Buffer.buffer("-ERR max number of clients reached\r\n".getBytes(US_ASCII)));
            socket.close();
            return;
        }
        Visitor visitor = new Visitor(++callersEver, config.password(), this::failOver);
        Caller caller = new Caller(socket, visitor, facts::facts);
        callers.add(caller);
        socket.handler(caller::heard);
        socket.exceptionHandler(_ -> {});
        socket.closeHandler(_ -> callers.remove(caller));
    }

    private void failOver(String service) {
        Threads.start("sentinel's failover of " + service, () -> failOver.accept(service)); // it may wait
    }

    /// Any thread.
    private void tell(List<Event> events) {
        context.runOnContext(_ -> {
            for (Caller caller : List.copyOf(callers)) caller.told(events);
        });
    }

    /// Any thread.
    void watch(List<Watched> wanted) {
        FactsWatch now = watch;
        if (now != null) now.watch(wanted);
    }

    int port() {
        return port;
    }

    @Override
    public Future<?> stop() {
        FactsWatch now = watch;
        if (now != null) now.close();
        for (Caller caller : List.copyOf(callers)) caller.close();
        return Future.succeededFuture();
    }
}

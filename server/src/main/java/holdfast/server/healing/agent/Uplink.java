package holdfast.server.healing.agent;

import holdfast.core.base.NodeId;
import holdfast.core.healing.detect.Probe;
import holdfast.core.healing.detect.Signal;
import holdfast.protocol.loop.Down;
import holdfast.protocol.loop.Hello;
import holdfast.protocol.loop.Up;
import holdfast.protocol.loop.Welcome;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.ClientTls;
import holdfast.server.client.Direct;
import holdfast.server.healing.sense.SignalCodec;
import holdfast.server.ledger.LedgerStore;
import holdfast.server.ledger.LedgerStore.Leading;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.grpc.client.GrpcClientRequest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The stream to the loop's leader, wherever it is: signals go up, questions come down. While there is no leader
/// signals are dropped; the roster, sent on attaching and every second, makes up for lost exits.
final class Uplink implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Uplink.class);
    private static final int SIGNALS_MAX = 2_048;
    private static final long RETRY_NANOS = 100_000_000;
    private static final long CONNECT_NANOS = 1_000_000_000;
    private static final long ROSTER_NANOS = 1_000_000_000;
    private static final long POLL_NANOS = 100_000_000;

    private final NodeId host;
    private final long incarnation;
    private final Ticker ticker;
    private final LedgerStore ledger;
    private final Direct direct;
    private final Supplier<List<Signal.Supervised>> roster;
    private final Consumer<Probe> asked;
    private final Beater beater;
    private final BlockingQueue<Signal> outbox = new ArrayBlockingQueue<>(SIGNALS_MAX);
    private final Thread thread;
    private long rosterNanos; // of the uplink's thread
    private volatile boolean leaderDoubtful = true;
    private volatile boolean attached;
    private volatile boolean closed;

    Uplink(
            NodeId host,
            long incarnation,
            Ticker ticker,
            Vertx vertx,
            ClientTls tls,
            LedgerStore ledger,
            Supplier<List<Signal.Supervised>> roster,
            Consumer<Probe> asked,
            Beater beater) {
        this.host = host;
        this.incarnation = incarnation;
        this.ticker = ticker;
        this.ledger = ledger;
        this.direct = new Direct(vertx, tls);
        this.roster = roster;
        this.asked = asked;
        this.beater = beater;
        this.thread = Threads.start("uplink", this::run);
    }

    /// Never waits; the oldest is dropped when the outbox is full.
    void tell(Signal signal) {
        if (!attached) return;
        while (!outbox.offer(signal)) outbox.poll();
    }

    /// The store says that candidates came or went.
    void leadersChanged() {
        leaderDoubtful = true;
    }

    boolean attached() {
        return attached;
    }

    private void run() {
        while (!closed) {
            try {
                leaderDoubtful = false;
                Optional<Leading> leading = leading();
                if (leading.isPresent()) attach(leading.get());
                for (int waits = 0; !leaderDoubtful && waits < 2 && !closed; waits++) {
                    TimeUnit.NANOSECONDS.sleep(RETRY_NANOS / 2);
                }
            } catch (InterruptedException _) {
                return;
            }
        }
    }

    private Optional<Leading> leading() {
        return switch (ledger.leading()) {
            case Answer.Done<Optional<Leading>>(Optional<Leading> leading) -> leading;
            case Answer.Refused<Optional<Leading>> _, Answer.Unknown<Optional<Leading>> _ -> Optional.empty();
        };
    }

    private sealed interface Arrival {
        record Message(Down down) implements Arrival {}

        record Ended(String why) implements Arrival {}
    }

    private void attach(Leading leading) throws InterruptedException {
        String address = leading.leader().loopAddress();
        try (Direct.Line line = direct.to(address, leading.leader().tls())) {
            GrpcClientRequest<Up, Down> stream = line.open(SignalCodec.ATTACH_CLIENT, CONNECT_NANOS);
            BlockingQueue<Arrival> arrivals = new ArrayBlockingQueue<>(SIGNALS_MAX);
            listen(stream, arrivals);
            stream.write(Up.newBuilder()
                    .setHello(Hello.newBuilder().setHost(host.name()).setIncarnation(incarnation))
                    .build());
            Arrival first = arrivals.poll(CONNECT_NANOS, TimeUnit.NANOSECONDS);
            if (first instanceof Arrival.Message(Down down) && down.hasWelcome()) {
                serve(leading, stream, arrivals, down.getWelcome(), address);
            } else {
                LOG.debug("{} at {} did not welcome us: {}", leading.leader().node(), address, first);
            }
            stream.cancel();
        } catch (ExecutionException | TimeoutException failed) {
            LOG.debug("No stream to {} at {}: {}", leading.leader().node(), address, failed.toString());
        } finally {
            attached = false;
            outbox.clear();
        }
    }

    private static void listen(GrpcClientRequest<Up, Down> stream, BlockingQueue<Arrival> arrivals) {
        stream.exceptionHandler(failed -> arrivals.offer(new Arrival.Ended(String.valueOf(failed.getMessage()))));
        stream.response()
                .compose(response -> {
                    response.exceptionHandler(
                            failed -> arrivals.offer(new Arrival.Ended(String.valueOf(failed.getMessage()))));
                    response.endHandler(_ -> arrivals.offer(new Arrival.Ended("ended: " + response.statusMessage())));
                    response.handler(down -> arrivals.offer(new Arrival.Message(down))); // a lost question is allowed
                    return Future.succeededFuture();
                })
                .onFailure(failed -> arrivals.offer(new Arrival.Ended(String.valueOf(failed.getMessage()))));
    }

    private void serve(
            Leading leading,
            GrpcClientRequest<Up, Down> stream,
            BlockingQueue<Arrival> arrivals,
            Welcome welcome,
            String address)
            throws InterruptedException {
        LOG.info(
                "Attached to the loop on {} at {} (epoch {}).", leading.leader().node(), address, welcome.getEpoch());
        beater.aim(address.substring(0, address.lastIndexOf(':')), welcome);
        attached = true;
        sendRoster(stream);
        Thread reader = Threads.start("uplink reader", () -> read(arrivals));
        try {
            while (!closed && reader.isAlive()) {
                Signal signal = outbox.poll(POLL_NANOS, TimeUnit.NANOSECONDS);
                if (signal != null) SignalCodec.encode(signal).ifPresent(up -> send(stream, up));
                if (ticker.nanos() - rosterNanos >= ROSTER_NANOS) sendRoster(stream);
                if (leaderDoubtful) {
                    leaderDoubtful = false;
                    Optional<Leading> now = leading();
                    if (now.isPresent() && now.get().epoch() != leading.epoch()) return;
                }
            }
        } finally {
            reader.interrupt();
            LOG.info("Detached from the loop on {} at {}.", leading.leader().node(), address);
        }
    }

    private void sendRoster(GrpcClientRequest<Up, Down> stream) {
        rosterNanos = ticker.nanos();
        SignalCodec.encode(new Signal.Roster(host, incarnation, roster.get())).ifPresent(up -> send(stream, up));
    }

    private static void send(GrpcClientRequest<Up, Down> stream, Up up) {
        if (up.hasProbed() && stream.writeQueueFull()) return; // a newer one follows
        stream.write(up);
    }

    /// Ends with the stream.
    private void read(BlockingQueue<Arrival> arrivals) {
        try {
            while (true) {
                switch (arrivals.take()) {
                    case Arrival.Message(Down down) -> {
                        if (down.hasAsk())
                            SignalCodec.decode(host, down.getAsk()).ifPresent(asked);
                    }
                    case Arrival.Ended(String why) -> {
                        LOG.debug("The stream to the loop ended: {}", why);
                        return;
                    }
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        direct.close();
    }
}

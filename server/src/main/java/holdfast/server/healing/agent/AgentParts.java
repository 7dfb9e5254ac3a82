package holdfast.server.healing.agent;

import holdfast.core.base.Outcome;
import holdfast.core.healing.detect.Signal;
import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.isolate.Action;
import holdfast.server.base.Metrics;
import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import holdfast.server.healing.sense.StallMeter;
import holdfast.server.healing.sense.StatusPages;
import holdfast.server.healing.singleton.Singletons;
import holdfast.server.ledger.HostLedger;
import holdfast.server.ledger.LedgerStore;
import io.prometheus.metrics.core.metrics.Counter;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One agent, built from its config and closed in reverse. Closing leaves the instances running and the lease
/// to end or to be resumed: that is what makes an agent replaceable.
public final class AgentParts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AgentParts.class);
    private static final long LISTEN_LIMIT_SECONDS = 10;

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private volatile @Nullable Session session;
    private int port;

    private AgentParts() {}

    /// @throws IOException when the data folder is not ours alone or the port is taken
    public static AgentParts open(AgentConfig config, Vertx vertx, Metrics metrics, Ticker ticker)
            throws IOException, InterruptedException {
        AgentParts agent = new AgentParts();
        try {
            agent.build(config, vertx, metrics, ticker);
            return agent;
        } catch (IOException | InterruptedException | RuntimeException failed) {
            agent.close();
            throw failed;
        }
    }

    private void build(AgentConfig config, Vertx vertx, Metrics metrics, Ticker ticker)
            throws IOException, InterruptedException {
        Files.createDirectories(config.dataDir());
        lock(config);
        AgentMemory memory = AgentMemory.open(config.dataDir());
        ActionLog log = add(ActionLog.open(config.dataDir()));
        Etcd etcd = add(Etcd.open(vertx, config.store(), ticker));
        StallMeter stalls = add(new StallMeter(ticker));
        Beater beater = add(new Beater(config.host(), memory.incarnation(), ticker, stalls));
        Signals signals = new Signals();
        Supervisor supervisor = add(Supervisor.open(config, ticker, signals::tell));
        Prober prober = add(new Prober(config, ticker, stalls, signals::tell));
        listen(config, vertx, new StatusPages(metrics, this::ill));
        signals.uplink = add(new Uplink(
                config.host(),
                memory.incarnation(),
                ticker,
                vertx,
                config.store().tls(),
                new LedgerStore(etcd),
                supervisor::roster,
                prober::ask,
                beater));
        Reporter reporter = add(new Reporter(new HostLedger(etcd, config.host())));
        Counter done = metrics.counter("holdfast_agent_actions", "Actions settled here, by outcome.", "outcome");
        Actions actions = new Actions(config.host(), memory, log, supervisor, this::sure, (id, outcome) -> {
            done.labelValues(word(outcome)).inc();
            reporter.report(id, outcome);
        });
        Keepers keepers =
                add(new Keepers(config.host(), config.address(), config.dataDir(), etcd, vertx, metrics, ticker));
        Singletons singletons = add(new Singletons(config.host(), config.address(), config.dataDir(), etcd, ticker));
        session = add(new Session(
                config,
                config.address() + ":" + port,
                etcd,
                memory,
                supervisor,
                reporter,
                new Ears(prober, actions, signals.uplink, keepers, singletons)));
        metrics.gauge("holdfast_agent_instances", "Processes that run here.", supervisor::countRunning);
        metrics.gauge("holdfast_agent_probes", "Routine probes that this host makes.", prober::countRoutines);
        metrics.gauge("holdfast_agent_lease_sure", "1 while the host's lease is sure.", () -> sure() ? 1 : 0);
        Uplink up = signals.uplink;
        metrics.gauge("holdfast_agent_attached", "1 while attached to the loop.", () -> up.attached() ? 1 : 0);
    }

    private static String word(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Done _ -> "done";
            case Outcome.Refused _ -> "refused";
            case Outcome.Unknown _ -> "unknown";
        };
    }

    /// Where signals go once there is an uplink.
    private static final class Signals {
        private volatile @Nullable Uplink uplink;

        void tell(Signal signal) {
            Uplink up = uplink;
            if (up != null) up.tell(signal);
        }
    }

    /// What the session tells the rest.
    private record Ears(Prober prober, Actions actions, Uplink uplink, Keepers keepers, Singletons singletons)
            implements Session.Listener {
        @Override
        public void learned(@Nullable Fleet fleet, Collection<Assignment> assignments) {
            prober.learned(fleet, assignments);
            keepers.learned(fleet);
            singletons.learned(fleet);
        }

        @Override
        public void ordered(Action action) {
            actions.take(action);
        }

        @Override
        public void leadersChanged() {
            uplink.leadersChanged();
        }
    }

    private <T extends AutoCloseable> T add(T part) {
        parts.push(part);
        return part;
    }

    /// Two agents on one folder would forget each other's fences.
    private void lock(AgentConfig config) throws IOException {
        FileChannel channel = add(FileChannel.open(
                config.dataDir().resolve("agent.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE));
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) return;
        } catch (OverlappingFileLockException _) {
            // by another agent in this process
        }
        throw new IOException(config.dataDir() + " is in use by another agent");
    }

    private void listen(AgentConfig config, Vertx vertx, StatusPages pages) throws IOException, InterruptedException {
        HttpServer server = vertx.createHttpServer().requestHandler(pages);
        try {
            port = server.listen(config.port(), "0.0.0.0")
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(LISTEN_LIMIT_SECONDS, TimeUnit.SECONDS)
                    .actualPort();
        } catch (ExecutionException | TimeoutException failed) {
            throw new IOException("cannot listen on port " + config.port() + ": " + failed.getMessage(), failed);
        }
        add(server::close);
    }

    private boolean sure() {
        Session now = session;
        return now != null && now.sure();
    }

    private Optional<String> ill() {
        return sure() ? Optional.empty() : Optional.of("The host's lease is not sure; instances are frozen.");
    }

    /// Where this agent listens.
    public int port() {
        return port;
    }

    @Override
    public void close() {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception failed) {
                LOG.warn("A part of the agent did not close: {}", failed.toString());
            }
        }
    }
}

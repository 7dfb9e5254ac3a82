package holdfast.server.start;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.LoopConfig;
import holdfast.server.base.Metrics;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.base.tls.Authority;
import holdfast.server.base.tls.Identity;
import holdfast.server.base.tls.JoinToken;
import holdfast.server.client.Answer;
import holdfast.server.client.ClientTls;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import holdfast.server.healing.LoopNode;
import holdfast.server.healing.LoopParts;
import holdfast.server.healing.agent.AgentConfig;
import holdfast.server.healing.agent.AgentParts;
import holdfast.server.start.join.Admission.Member;
import holdfast.server.start.join.JoinCall;
import holdfast.server.start.join.JoinDesk;
import holdfast.server.start.join.Roll;
import holdfast.server.truth.etcd.EtcdDoor;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A whole host in one process, from a folder that [Joining] made: on a voter the store, its doors, the join desk, the
/// loop and the agent; elsewhere the agent alone. Closed in reverse.
public final class UpParts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(UpParts.class);
    private static final Duration READY_LIMIT = Duration.ofSeconds(60);
    private static final long AGAIN_MILLIS = 200;

    private final UpConfig config;
    private final HostFile host;
    private final Identity identity;
    private final Ticker ticker = Ticker.system();
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private Optional<Roll> roll = Optional.empty();
    private Optional<Authority> authority = Optional.empty();

    private UpParts(UpConfig config, HostFile host) {
        this.config = config;
        this.host = host;
        this.identity = Identity.in(config.tlsFolder());
    }

    public sealed interface Opened {
        record Ready(UpParts parts) implements Opened {}

        record Refused(Reason why) implements Opened {}
    }

    /// Starts what the folder holds. Waits until the store answers, at most a minute.
    ///
    /// @param onBreak the disk failed or an invariant broke: the process must stop at once
    public static Opened open(UpConfig config, Runnable onBreak) throws InterruptedException {
        try {
            UpParts up = new UpParts(config, HostFile.load(config.folder()));
            Optional<Reason> failed = up.build(onBreak);
            if (failed.isEmpty()) return new Opened.Ready(up);
            up.close();
            return new Opened.Refused(failed.get());
        } catch (IOException | GeneralSecurityException failed) {
            return new Opened.Refused(
                    new Reason("start-failed", "This host cannot start: " + failed.getMessage() + "."));
        }
    }

    private Optional<Reason> build(Runnable onBreak)
            throws IOException, GeneralSecurityException, InterruptedException {
        if (host.you().voter()) {
            Optional<Reason> failed = buildVoter(onBreak);
            if (failed.isPresent()) return failed;
        }
        Vertx vertx =
                Vertx.vertx(new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(1));
        add(vertx::close);
        EtcdConfig store = store();
        add(AgentParts.open(
                new AgentConfig(
                        config.name(),
                        config.address(),
                        config.agentPort(),
                        config.agentFolder(),
                        store,
                        AgentConfig.LEASE_TTL,
                        AgentConfig.OUTPUT_BYTES_MAX),
                vertx,
                new Metrics(),
                ticker));
        return Optional.empty();
    }

    private Optional<Reason> buildVoter(Runnable onBreak)
            throws IOException, GeneralSecurityException, InterruptedException {
        ServerParts server;
        switch (ServerParts.open(ServerConfig.of(serverFlags(), null), onBreak)) {
            case ServerParts.Opened.Refused(Reason why) -> {
                return Optional.of(why);
            }
            case ServerParts.Opened.Ready(ServerParts ready) -> server = ready;
        }
        add(server);
        openLocalDoor(server);
        Etcd etcd = Etcd.open(server.vertx(), ownStore(), ticker);
        add(etcd);
        Roll members = new Roll(etcd);
        roll = Optional.of(members);
        if (!host.voters().isEmpty()) Threads.start("promotion", this::seekVote); // a learner answers no reads
        Optional<Reason> failed = awaitStore(members);
        if (failed.isPresent()) return failed;
        Authority ours = Authority.load(config.tlsFolder());
        authority = Optional.of(ours);
        String cluster =
                HexFormat.of().toHexDigits(server.store().status().header().clusterId());
        add(JoinDesk.open(
                server.vertx(),
                config.address(),
                config.ports().control(),
                identity,
                cluster,
                ours,
                members,
                new GroupMembership(server.store().memberChanges()),
                ticker));
        add(LoopParts.open(loopNode(), server.vertx(), server.metrics(), ticker));
        return Optional.empty();
    }

    private Map<String, String> serverFlags() {
        Map<String, String> flags = new java.util.LinkedHashMap<>();
        flags.put("name", config.name().name());
        flags.put("data-dir", config.serverFolder().toString());
        flags.put("listen-client", config.address() + ":" + config.ports().client());
        flags.put("listen-peer", config.address() + ":" + config.ports().peer());
        for (String side : config.reachable() ? List.of("client", "peer") : List.of("peer")) {
            flags.put(side + "-cert-file", identity.certificateFile().toString());
            flags.put(side + "-key-file", identity.keyFile().toString());
            flags.put(side + "-ca-file", identity.authorityFile().toString());
        }
        return flags;
    }

    /// Tools on this machine need no certificate: docs/decisions/0004-join.md.
    private void openLocalDoor(ServerParts server) throws InterruptedException {
        if (!config.reachable()) return;
        try {
            add(EtcdDoor.open(
                    holdfast.server.truth.etcd.EtcdConfig.at(
                            UpConfig.THIS_HOST, config.ports().client()),
                    server.vertx(),
                    server.store(),
                    server.doorMetrics()));
        } catch (IOException taken) {
            LOG.warn(
                    "No plain client port for this host: {}:{} is taken ({}).",
                    UpConfig.THIS_HOST,
                    config.ports().client(),
                    taken.getMessage());
        }
    }

    /// The first host enters itself; a joiner waits until its copy of the store answers.
    private Optional<Reason> awaitStore(Roll members) throws InterruptedException {
        long deadline = ticker.nanos() + READY_LIMIT.toNanos();
        Reason last = new Reason("no-answer", "It gave no answer.");
        while (ticker.nanos() < deadline) {
            switch (host.voters().isEmpty() ? members.found(host.you()) : entered(members)) {
                case Outcome.Done _ -> {
                    return Optional.empty();
                }
                case Outcome.Refused(Reason why)
                when why.code().equals("condition") -> {
                    return Optional.empty();
                }
                case Outcome.Refused(Reason why) -> last = why;
                case Outcome.Unknown(Reason why) -> last = why;
            }
            Thread.sleep(AGAIN_MILLIS);
        }
        return Optional.of(new Reason(
                "store-silent",
                "The store did not answer within " + READY_LIMIT.toSeconds() + " s: " + last.sentence()));
    }

    private Outcome entered(Roll members) {
        return members.members().outcome(found -> (long) found.size());
    }

    /// Asks the other voters for a vote until this copy of the log has caught up.
    private void seekVote() {
        try {
            while (true) {
                for (Member voter : host.voters()) {
                    Answer<Member> answer =
                            JoinCall.by(voter.controlAddress(), identity).promote();
                    if (answer instanceof Answer.Done<Member>) {
                        LOG.info("{} has a vote.", host.you().host());
                        return;
                    }
                    if (answer instanceof Answer.Refused<Member>(Reason why)
                            && why.code().equals("not-a-learner")) {
                        return; // it has its vote already
                    }
                }
                Thread.sleep(AGAIN_MILLIS);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (IOException | GeneralSecurityException failed) {
            LOG.error("This host cannot ask for its vote.", failed);
        }
    }

    private LoopNode loopNode() {
        return new LoopNode(
                config.name().name(),
                config.address(),
                config.loopPort(),
                config.address(),
                config.reachable()
                        ? new LoopNode.Tls(identity.certificateFile(), identity.keyFile(), identity.authorityFile())
                        : null,
                ownStore(),
                true,
                LoopNode.LEASE_TTL,
                LoopConfig.DEFAULT);
    }

    private ClientTls clientTls() {
        return config.reachable()
                ? new ClientTls(identity.authorityFile(), identity.certificateFile(), identity.keyFile())
                : ClientTls.NONE;
    }

    private EtcdConfig ownStore() {
        return EtcdConfig.of(
                        List.of(new Endpoint(config.address(), config.ports().client(), config.reachable())))
                .withTls(clientTls());
    }

    /// Every voter that this host knows of, its own store first.
    private EtcdConfig store() {
        List<Endpoint> endpoints = new ArrayList<>();
        if (host.you().voter()) {
            endpoints.add(new Endpoint(config.address(), config.ports().client(), config.reachable()));
        }
        for (Member voter : host.voters()) endpoints.add(Endpoint.parse(voter.clientUrl()));
        return EtcdConfig.of(endpoints).withTls(clientTls());
    }

    /// A fresh token; refused on a host that is no voter.
    public Answer<JoinToken> token(Duration life) throws GeneralSecurityException {
        if (roll.isEmpty() || authority.isEmpty()) {
            return new Answer.Refused<>(new Reason("no-voter", config.name() + " is no voter; ask one for a token."));
        }
        return roll.get().issue(authority.get(), life);
    }

    public UpConfig config() {
        return config;
    }

    public boolean voter() {
        return host.you().voter();
    }

    public Identity identity() {
        return identity;
    }

    private void add(AutoCloseable part) {
        parts.push(part);
    }

    @Override
    public void close() {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception failed) { // whatever a part throws, the others are closed
                LOG.warn("A part did not close: {}", failed.toString());
            }
        }
    }
}

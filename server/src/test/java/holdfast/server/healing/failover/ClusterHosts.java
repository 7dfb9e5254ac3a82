package holdfast.server.healing.failover;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Outcome;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.server.base.Ticker;
import holdfast.server.cli.Said;
import holdfast.server.client.Answer;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import holdfast.server.client.Snapshot;
import holdfast.server.healing.act.ProcessFacts;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.ledger.LedgerJson;
import holdfast.server.ledger.LedgerStore;
import holdfast.server.ledger.file.FleetFile;
import holdfast.server.peers.Processes;
import holdfast.server.peers.RealEtcd;
import holdfast.server.postgres.PostgresBinaries;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// Three hosts of one cluster of any kind, each an agent process at a loopback address of its own, over a real etcd.
public abstract class ClusterHosts implements AutoCloseable {
    protected static final Duration LIMIT = Duration.ofSeconds(60);

    protected final Path folder;
    private final ClusterSpec.Kind kind;
    private final String service;
    private final RealEtcd store;
    private final Vertx vertx = Vertx.vertx();
    private final Etcd etcd;
    private final Processes processes;
    private final List<Processes.Running> agents = new ArrayList<>();
    private final String net;
    private String fleet = "";
    private long fleetRevision;
    private volatile String password = "";

    /// @param net second number of the hosts' addresses, other than those of tests of other kinds
    protected ClusterHosts(Path folder, ClusterSpec.Kind kind, String service, int net)
            throws IOException, InterruptedException {
        this.folder = folder;
        this.kind = kind;
        this.service = service;
        this.net = "127.%d.%d.".formatted(net, ProcessHandle.current().pid() % 200 + 20);
        PostgresBinaries.letThrough(folder);
        this.store = RealEtcd.start(Files.createDirectories(folder.resolve("etcd")), 1);
        this.etcd = Etcd.open(vertx, EtcdConfig.of(Endpoint.parseAll(store.url())), Ticker.system());
        this.processes = Processes.in(Files.createDirectories(folder.resolve("logs")));
    }

    /// @param form of the service in the fleet file, each line with four spaces before it
    protected void begin(String form) {
        fleet = "fleet: test\nhosts: {h1: {address: %s}, h2: {address: %s}, h3: {address: %s}}\nservices:\n  %s:\n%s"
                .formatted(address(1), address(2), address(3), service, form);
        apply("");
        for (int host = 1; host <= 3; host++) agents.add(agent(host));
    }

    /// @param more services beside the cluster, as in the fleet file; empty for none
    public void apply(String more) {
        Outcome applied = new LedgerStore(etcd).apply(FleetFile.parse("fleet.yaml", fleet + more), fleetRevision);
        fleetRevision = applied instanceof Outcome.Done(long revision) ? revision : -1;
        assertThat(fleetRevision).as("%s", applied).isPositive();
    }

    private Processes.Running agent(int host) {
        return processes.holdfast(
                "h" + host,
                List.of(
                        "agent",
                        "--host",
                        "h" + host,
                        "--address",
                        address(host),
                        "--port",
                        "0",
                        "--data",
                        folder.resolve("h" + host).toString(),
                        "--store",
                        store.url()));
    }

    public String address(int host) {
        return net + host;
    }

    public Processes.Running agentOf(int host) {
        return agents.get(host - 1);
    }

    public ClusterSpec.Kind kind() {
        return kind;
    }

    /// The cluster's name.
    public String service() {
        return service;
    }

    public Etcd etcd() {
        return etcd;
    }

    public RealEtcd store() {
        return store;
    }

    public Operator operator() {
        return new Operator(etcd, kind, service);
    }

    public Operator.Cluster cluster() {
        return operator().read() instanceof Answer.Done<Operator.Cluster>(Operator.Cluster cluster)
                ? cluster
                : new Operator.Cluster(null, 0, null, List.of(), List.of(), null);
    }

    /// Number of the host that serves now, 0 for none.
    public int primary() {
        Operator.Cluster cluster = cluster();
        return cluster.holder() == null || !cluster.holder().serving()
                ? 0
                : Integer.parseInt(cluster.holder().host().name().substring(1));
    }

    public long term() {
        Operator.Cluster cluster = cluster();
        return cluster.state() == null ? 0 : cluster.state().term();
    }

    /// Waits until there is a primary with two replicas that have its history and count.
    public void awaitWhole() {
        await("a primary and two replicas", () -> {
            Operator.Cluster cluster = cluster();
            return cluster.holder() != null
                    && cluster.holder().serving()
                    && cluster.state() != null
                    && cluster.members().stream()
                                    .filter(member -> member.streaming()
                                            && member.position().timeline()
                                                    == cluster.state().timeline())
                                    .count()
                            == 2
                    && cluster.state().rules().size() == 1
                    && cluster.state().rules().getFirst().voters().size() == 2;
        });
    }

    public void await(String what, BooleanSupplier condition) {
        try {
            Processes.await(what, LIMIT, condition);
        } catch (AssertionError late) {
            throw new AssertionError(late.getMessage() + "\n" + cluster() + "\n" + processes.logs(), late);
        }
    }

    /// The agent's folder for the cluster.
    private Path notes(int host) {
        return folder.resolve("h" + host).resolve(kind.key()).resolve(service);
    }

    public Path data(int host) {
        return notes(host).resolve("data");
    }

    /// Pid of the first process of a host's server, 0 for none.
    public abstract long server(int host);

    /// How clients write; the first is a service's usual one.
    protected abstract List<Writers.Way> ways();

    /// The process whose pid a file begins with, 0 when it does not live.
    public static long lives(Path file) {
        try {
            long pid = Long.parseLong(Files.readString(file).strip().split("\\s", -1)[0]);
            return ProcessFacts.of(pid).filter(facts -> facts.state() != 'Z').isPresent() ? pid : 0;
        } catch (IOException | RuntimeException _) {
            return 0;
        }
    }

    /// A signal to everything that runs on a host.
    public void all(int host, ProcessSignal signal) {
        long server = server(host);
        List<Long> pids =
                new ArrayList<>(List.of(agentOf(host).pid(), lives(notes(host).resolve("guard.pid")), server));
        Optional<ProcessHandle> handle = server == 0 ? Optional.empty() : ProcessHandle.of(server);
        handle.ifPresent(one -> one.children().forEach(child -> pids.add(child.pid())));
        for (long pid : pids) if (pid != 0) signal.sendTo(pid);
    }

    /// The power is gone.
    public void kill(int host) {
        all(host, ProcessSignal.KILL);
        agentOf(host).awaitEnd(LIMIT);
    }

    /// Starts a host's agent again, and waits until it is there.
    public void restart(int host) {
        Processes.Running agent = agentOf(host);
        String sign = "Registered h" + host;
        int before = agent.log().split(sign, -1).length;
        agent.restart();
        await("the agent of h" + host, () -> agent.log().split(sign, -1).length > before);
    }

    /// Runs `holdfast pg WORDS`, or whatever the kind's command is, to its end.
    public Said command(String... words) {
        return Said.by(store.url(), kind.command(), words);
    }

    /// The superuser's.
    protected String password() {
        if (password.isEmpty()
                && etcd.get(new ClusterKeys(kind, service).secrets()) instanceof Answer.Done<Snapshot>(Snapshot found)
                && found.first().isPresent()) {
            password = LedgerJson.read(found.first().get().value(), Secrets.class)
                    .orElseThrow()
                    .superuserPassword();
        }
        return password;
    }

    @Override
    public void close() {
        for (int host = 1; host <= agents.size(); host++) all(host, ProcessSignal.KILL);
        processes.close();
        etcd.close();
        store.close();
        vertx.close();
    }
}

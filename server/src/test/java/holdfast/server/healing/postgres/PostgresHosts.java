package holdfast.server.healing.postgres;

import holdfast.core.base.Bytes;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import holdfast.server.client.Snapshot;
import holdfast.server.healing.act.ProcessFacts;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.healing.failover.ClusterKeys;
import holdfast.server.healing.failover.Operator;
import holdfast.server.healing.failover.Secrets;
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
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.function.BooleanSupplier;

/// Three hosts of one PostgreSQL cluster, each an agent process at a loopback address of its own, over a real etcd.
final class PostgresHosts implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    static final String SERVICE = "db";

    private final Path folder;
    private final RealEtcd store;
    private final Vertx vertx = Vertx.vertx();
    private final Etcd etcd;
    private final Processes processes;
    private final List<Processes.Running> agents = new ArrayList<>();
    private final int net;
    private final int port;
    private String password = "";
    private int commands;

    private PostgresHosts(Path folder, Path bin, RealEtcd store, String durability) throws IOException {
        this.folder = folder;
        this.store = store;
        this.net = (int) (ProcessHandle.current().pid() % 200) + 20;
        List<Integer> ports = RealEtcd.freePorts(2);
        this.port = ports.get(0);
        this.etcd = Etcd.open(vertx, EtcdConfig.of(Endpoint.parseAll(store.url())), Ticker.system());
        this.processes = Processes.in(Files.createDirectories(folder.resolve("logs")));
        String file =
                """
                fleet: test
                hosts: {h1: {address: %1$s}, h2: {address: %2$s}, h3: {address: %3$s}}
                services:
                  db:
                    kind: postgresql
                    hosts: [h1, h2, h3]
                    port: %4$d
                    postgresql:
                      bin: %7$s
                      durability: %5$s
                      rest-port: %6$d
                      parameters: {shared_buffers: 16MB}
                      replica-method: [%8$s]
                """.formatted(address(1), address(2), address(3), port, durability, ports.get(1), bin, method(bin));
        new LedgerStore(etcd).apply(FleetFile.parse("fleet.yaml", file), 0);
        for (int host = 1; host <= 3; host++) agents.add(agent(host));
    }

    static PostgresHosts start(Path folder, String durability) throws IOException, InterruptedException {
        Path bin = PostgresBinaries.folder();
        PostgresBinaries.letThrough(folder);
        return new PostgresHosts(
                folder, bin, RealEtcd.start(Files.createDirectories(folder.resolve("etcd")), 1), durability);
    }

    /// An owner's way to copy a primary: it works as long as the file of its copies is there.
    private Path method(Path bin) throws IOException {
        Path script = Files.writeString(
                folder.resolve("copy.sh"),
                "#!/bin/sh\n[ -e %1$s ] && %2$s/pg_basebackup -D $PGDATA --checkpoint=fast && echo $PGDATA >> %1$s\n"
                        .formatted(copies(), bin));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        recordCopies();
        return script;
    }

    /// Where that method writes each copy down.
    Path copies() {
        return folder.resolve("copies");
    }

    void recordCopies() throws IOException {
        Files.createFile(copies());
        Files.setPosixFilePermissions(copies(), PosixFilePermissions.fromString("rw-rw-rw-"));
    }

    /// Nothing more of a primary's log gets to its replicas.
    void stopSending(int host) throws IOException {
        for (ProcessHandle child :
                ProcessHandle.of(postmaster(host)).orElseThrow().children().toList()) {
            String title = Files.readString(Path.of("/proc/" + child.pid() + "/cmdline"));
            if (title.contains("walsender")) ProcessSignal.STOP.sendTo(child.pid());
        }
    }

    Path data(int host) {
        return folder.resolve("h" + host + "/postgresql/db/data");
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

    String address(int host) {
        return "127.77." + net + "." + host;
    }

    Processes.Running agentOf(int host) {
        return agents.get(host - 1);
    }

    Etcd etcd() {
        return etcd;
    }

    RealEtcd store() {
        return store;
    }

    Operator operator() {
        return new Operator(etcd, ClusterSpec.Kind.POSTGRESQL, SERVICE);
    }

    Operator.Cluster cluster() {
        return operator().read() instanceof Answer.Done<Operator.Cluster>(Operator.Cluster cluster)
                ? cluster
                : new Operator.Cluster(null, 0, null, List.of(), List.of(), null);
    }

    /// Number of the host that serves now, 0 for none.
    int primary() {
        Operator.Cluster cluster = cluster();
        return cluster.holder() == null || !cluster.holder().serving()
                ? 0
                : Integer.parseInt(cluster.holder().host().name().substring(1));
    }

    long term() {
        Operator.Cluster cluster = cluster();
        return cluster.state() == null ? 0 : cluster.state().term();
    }

    /// Waits until there is a primary with two replicas that stream from it and count.
    void awaitWhole() {
        await("a primary and two replicas", () -> {
            Operator.Cluster cluster = cluster();
            return cluster.holder() != null
                    && cluster.holder().serving()
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

    void await(String what, BooleanSupplier condition) {
        try {
            Processes.await(what, LIMIT, condition);
        } catch (AssertionError late) {
            throw new AssertionError(late.getMessage() + "\n" + processes.logs(), late);
        }
    }

    /// Pid of a host's postmaster, 0 for none.
    long postmaster(int host) {
        try {
            Path file = data(host).resolve("postmaster.pid");
            long pid = Long.parseLong(Files.readAllLines(file).getFirst().strip());
            return ProcessFacts.of(pid).filter(facts -> facts.state() != 'Z').isPresent() ? pid : 0;
        } catch (IOException | RuntimeException _) {
            return 0;
        }
    }

    private long guard(int host) {
        try {
            return Long.parseLong(Files.readString(folder.resolve("h" + host + "/postgresql/db/guard.pid"))
                    .split(" ", -1)[0]);
        } catch (IOException gone) {
            throw new IllegalStateException(gone);
        }
    }

    /// A signal to everything that runs on a host.
    void all(int host, ProcessSignal signal) {
        long postmaster = postmaster(host);
        List<Long> pids = new ArrayList<>(List.of(agentOf(host).pid(), guard(host)));
        if (postmaster != 0) {
            pids.add(postmaster);
            ProcessHandle.of(postmaster).ifPresent(one -> one.children().forEach(child -> pids.add(child.pid())));
        }
        for (long pid : pids) signal.sendTo(pid);
    }

    /// The power is gone.
    void kill(int host) {
        all(host, ProcessSignal.KILL);
        agentOf(host).awaitEnd(LIMIT);
    }

    /// Starts a host's agent again, and waits until it is there.
    void restart(int host) {
        Processes.Running agent = agentOf(host);
        String sign = "Registered h" + host;
        int before = agent.log().split(sign, -1).length;
        agent.restart();
        await("the agent of h" + host, () -> agent.log().split(sign, -1).length > before);
    }

    /// What a command line said and how it ended.
    record Said(int status, String text) {}

    /// Runs `holdfast pg WORDS` to its end.
    Said pg(String... words) {
        List<String> command = new ArrayList<>(List.of("pg"));
        command.addAll(List.of(words));
        command.add("--store=" + store.url());
        Processes.Running running = processes.holdfast("pg" + ++commands, command);
        int status = running.awaitEnd(LIMIT);
        return new Said(status, running.log());
    }

    /// The superuser's connection to one host's server.
    Connection connect(int host) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://" + address(host) + ":" + port + "/postgres", properties());
    }

    private Properties properties() {
        Properties properties = new Properties();
        properties.setProperty("user", "postgres");
        properties.setProperty("password", password());
        properties.setProperty("connectTimeout", "1");
        properties.setProperty("loginTimeout", "2");
        properties.setProperty("socketTimeout", "2");
        return properties;
    }

    private String password() {
        Bytes key = new ClusterKeys(ClusterSpec.Kind.POSTGRESQL, SERVICE).secrets();
        if (etcd.get(key) instanceof Answer.Done<Snapshot>(Snapshot found)
                && found.first().isPresent()) {
            password = LedgerJson.read(found.first().get().value(), Secrets.class)
                    .orElseThrow()
                    .superuserPassword();
        }
        return password;
    }

    String logs() {
        return processes.logs();
    }

    @Override
    public void close() {
        for (int host = 1; host <= 3; host++) {
            try {
                all(host, ProcessSignal.KILL);
            } catch (IllegalStateException _) {
                // it never ran
            }
        }
        processes.close();
        etcd.close();
        store.close();
        vertx.close();
    }
}

package holdfast.server.proof;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.healing.Incident;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import holdfast.server.client.Snapshot;
import holdfast.server.ledger.Leader;
import holdfast.server.ledger.LedgerStore;
import holdfast.server.ledger.Seen;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// The servers, the hosts with their agents, and the shop on them, in a [Lab]. One thread, but for [#seen] and
/// [#endpoints].
final class Stage implements AutoCloseable {
    static final List<String> SERVERS = List.of("s1", "s2", "s3");
    static final List<String> HOSTS = List.of("h1", "h2", "h3");
    /// How many instances of each service the shop has.
    static final Map<String, Integer> SERVICES = new TreeMap<>(Map.of("orders", 3, "web", 2, "worker", 1));

    private static final int ENDPOINTS = 6;
    private static final int AGENT_PORT = 7_420;
    private static final Duration CALL_LIMIT = Duration.ofSeconds(2);

    private final Lab lab;
    private final Programs programs;
    private final SortedMap<String, String> servers = new TreeMap<>();
    private final SortedMap<String, String> hosts = new TreeMap<>();
    private final Vertx vertx = Vertx.vertx();
    private final Etcd etcd;
    private final LedgerStore ledger;
    private final Endpoints endpoints;
    private final Ticker ticker;
    private final List<Lab.Proc> started = new ArrayList<>();
    private int starts;

    Stage(Lab lab, Programs programs, Ticker ticker) {
        this.lab = lab;
        this.programs = programs;
        this.ticker = ticker;
        for (String server : SERVERS) servers.put(server, lab.addHost(server));
        for (String host : HOSTS) hosts.put(host, lab.addHost(host));
        etcd = Etcd.open(vertx, EtcdConfig.of(Endpoint.parseAll(storeUrl())).withCallLimit(CALL_LIMIT), ticker);
        ledger = new LedgerStore(etcd);
        for (String server : SERVERS) startServer(server);
        endpoints = new Endpoints(etcd);
    }

    String storeUrl() {
        return String.join(
                ",",
                servers.values().stream()
                        .map(address -> "http://" + address + ":" + Programs.CLIENT_PORT)
                        .toList());
    }

    /// First start, or the restart of a killed one on its old data.
    void startServer(String name) {
        Path data = lab.folder().resolve("data-" + name);
        String address = lab.address(name);
        if (programs.etcd().isEmpty()) {
            started.add(lab.start(name, name, programs.server(name, address, data, servers), Map.of()));
        } else {
            started.add(lab.start(name, name + "-etcd", programs.etcdServer(name, address, data, servers), Map.of()));
            started.add(lab.start(name, name, programs.loop(name, address, storeUrl()), Map.of()));
        }
    }

    void startAgent(String host) {
        Path data = lab.folder().resolve("agent-" + host);
        int port = AGENT_PORT + HOSTS.indexOf(host);
        started.add(lab.start(host, host, programs.agent(host, lab.address(host), port, data, storeUrl()), Map.of()));
    }

    /// Applies the shop's fleet with the command line, as a person would.
    ///
    /// @return the process; its end is the end of the command
    Lab.Proc apply(boolean broken) {
        Path file = lab.folder().resolve(broken ? "fleet-broken.yaml" : "fleet.yaml");
        try {
            String example = Files.readString(programs.home().resolve("examples/shop/fleet.yaml"));
            Files.writeString(file, programs.fleet(example, hosts, broken));
        } catch (IOException failed) {
            throw new UncheckedIOException("the shop's fleet cannot be read or written", failed);
        }
        starts++;
        return lab.start(SERVERS.getFirst(), "apply-" + starts, programs.apply(file, storeUrl()), Map.of());
    }

    /// Names of servers and agents that ended, by themselves or by a fault.
    List<String> ended() {
        return started.stream()
                .filter(process -> !process.pid().isAlive())
                .map(Lab.Proc::name)
                .toList();
    }

    /// The server that leads our own store; over another store, the one whose loop leads. Empty when there is none.
    Optional<String> leader() {
        return programs.etcd().isEmpty()
                ? storeLeader()
                : seen().flatMap(Seen::leader).map(Leader::node);
    }

    private Optional<String> storeLeader() {
        for (Map.Entry<String, String> server : servers.entrySet()) {
            EtcdConfig one = EtcdConfig.of(List.of(new Endpoint(server.getValue(), Programs.CLIENT_PORT, false)))
                    .withCallLimit(Duration.ofMillis(500));
            try (Etcd member = Etcd.open(vertx, one, ticker)) {
                boolean leads = member.status() instanceof Answer.Done<Etcd.MemberStatus>(Etcd.MemberStatus status)
                        && status.leader() != 0
                        && status.leader() == status.member();
                if (leads) return Optional.of(server.getKey());
            }
        }
        return Optional.empty();
    }

    /// All of the ledger; empty while the store does not answer.
    Optional<Seen> seen() {
        return ledger.read() instanceof Answer.Done<Seen>(Seen seen) ? Optional.of(seen) : Optional.empty();
    }

    Endpoints endpoints() {
        return endpoints;
    }

    /// Every instance has an endpoint.
    boolean isServing() {
        return SERVICES.entrySet().stream()
                .allMatch(service -> endpoints.of(service.getKey()).size() == service.getValue());
    }

    /// Whether the loop leads on the server that leads the store; always true over another store.
    boolean isLeaderOne() {
        return seen().flatMap(Seen::leader).map(Leader::node).equals(leader());
    }

    /// Serving, every host registered, the loop led, and no incident open.
    boolean isCalm() {
        if (endpoints.count() != ENDPOINTS || !isServing()) return false;
        return seen().filter(seen -> seen.leader().isPresent()
                        && seen.ledger().hosts().size() == HOSTS.size()
                        && seen.ledger().incidents().stream().noneMatch(Incident::isRunning))
                .isPresent();
    }

    /// Orders in the store by id; empty when it did not answer.
    Optional<SortedMap<String, String>> storedOrders() {
        String prefix = "/shop/orders/";
        return etcd.range(KeyRange.prefix(Bytes.utf8(prefix)), 0) instanceof Answer.Done<Snapshot>(Snapshot all)
                ? Optional.of(all.pairs().stream()
                        .collect(
                                TreeMap::new,
                                (orders, pair) -> orders.put(
                                        pair.key().utf8().substring(prefix.length()),
                                        pair.value().utf8()),
                                TreeMap::putAll))
                : Optional.empty();
    }

    Lab lab() {
        return lab;
    }

    @Override
    public void close() {
        endpoints.close();
        etcd.close();
        vertx.close();
    }
}

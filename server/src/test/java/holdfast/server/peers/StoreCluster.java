package holdfast.server.peers;

import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Endpoint;
import holdfast.server.client.Etcd;
import holdfast.server.client.EtcdConfig;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Some `holdfast server` processes that form one store, and a client for each.
public final class StoreCluster implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofSeconds(60);

    private final Path folder;
    private final Processes processes;
    private final Vertx vertx = Vertx.vertx();
    private final List<Processes.Running> servers = new ArrayList<>();
    private final List<String> urls = new ArrayList<>();
    private final List<Etcd> clients = new ArrayList<>();
    private final List<String> initial = new ArrayList<>();

    private StoreCluster(Path folder) {
        this.folder = folder;
        processes = Processes.in(folder);
    }

    /// Starts `members` servers (n1, n2, ...) and waits until they have a leader.
    public static StoreCluster start(Path folder, int members, String... extraFlags) {
        StoreCluster cluster = new StoreCluster(folder);
        List<Integer> peers = new ArrayList<>();
        for (int member = 0; member < members; member++) {
            peers.add(Processes.freePort());
            cluster.initial.add("n" + (member + 1) + "=127.0.0.1:" + peers.get(member));
        }
        for (int member = 0; member < members; member++) cluster.launch(member, peers.get(member), extraFlags);
        try {
            cluster.awaitLeader();
        } catch (AssertionError late) {
            String logs = cluster.logs();
            cluster.close();
            throw new AssertionError(late.getMessage() + "\n" + logs, late);
        }
        return cluster;
    }

    private void launch(int member, int peerPort, String... extraFlags) {
        int clientPort = Processes.freePort();
        String name = "n" + (member + 1);
        List<String> arguments = new ArrayList<>(List.of(
                "server",
                "--name=" + name,
                "--data-dir=" + dataOf(member),
                "--listen-client=127.0.0.1:" + clientPort,
                "--listen-peer=127.0.0.1:" + peerPort,
                "--initial-cluster=" + String.join(",", initial)));
        arguments.addAll(List.of(extraFlags));
        servers.add(processes.holdfast(name, arguments));
        urls.add("http://127.0.0.1:" + clientPort);
        clients.add(Etcd.open(
                vertx,
                EtcdConfig.of(List.of(Endpoint.parse(urls.getLast()))).withCallLimit(Duration.ofSeconds(10)),
                Ticker.system()));
    }

    /// Starts one more server, which was added to the cluster at that peer port before. Returns its place.
    public int join(int peerPort, String... extraFlags) {
        int member = servers.size();
        initial.add("n" + (member + 1) + "=127.0.0.1:" + peerPort);
        List<String> flags = new ArrayList<>(List.of(extraFlags));
        flags.add("--initial-cluster-state=existing");
        launch(member, peerPort, flags.toArray(String[]::new));
        return member;
    }

    public Path dataOf(int member) {
        return folder.resolve("n" + (member + 1));
    }

    public int size() {
        return servers.size();
    }

    public Processes.Running server(int member) {
        return servers.get(member);
    }

    /// Talks to this member only.
    public Etcd client(int member) {
        return clients.get(member);
    }

    /// A client that goes from member to member. The caller closes it.
    public Etcd clientOfAll() {
        return Etcd.open(vertx, EtcdConfig.of(Endpoint.parseAll(String.join(",", urls))), Ticker.system());
    }

    public String url(int member) {
        return urls.get(member);
    }

    public List<String> urls() {
        return urls;
    }

    /// Waits until every running member names the same leader, and returns its place.
    public int awaitLeader() {
        int[] found = {-1};
        Processes.await("a leader that all members know", START_LIMIT, () -> {
            found[0] = leader();
            return found[0] >= 0;
        });
        return found[0];
    }

    /// The leader's place if all running members agree on one, else -1.
    public int leader() {
        long leader = 0;
        int place = -1;
        for (int member = 0; member < servers.size(); member++) {
            if (!servers.get(member).isAlive()) continue;
            if (!(clients.get(member).status() instanceof Answer.Done<Etcd.MemberStatus>(Etcd.MemberStatus status))) {
                return -1;
            }
            if (status.leader() == 0 || (leader != 0 && leader != status.leader())) return -1;
            leader = status.leader();
            if (status.member() == leader) place = member;
        }
        return place;
    }

    /// Kills with SIGKILL all members named, at once.
    public void kill9(int... members) {
        for (int member : members) servers.get(member).kill9();
        for (int member : members) {
            int _ = servers.get(member).awaitEnd(Duration.ofSeconds(10));
        }
    }

    /// Removes a killed member's data.
    public void wipe(int member) {
        try (Stream<Path> files = Files.walk(dataOf(member))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    public String logs() {
        StringBuilder logs = new StringBuilder();
        for (Processes.Running server : servers) {
            logs.append("--- ")
                    .append(server.name())
                    .append('\n')
                    .append(server.logTail())
                    .append('\n');
        }
        return logs.toString();
    }

    @Override
    public void close() {
        clients.forEach(Etcd::close);
        processes.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}

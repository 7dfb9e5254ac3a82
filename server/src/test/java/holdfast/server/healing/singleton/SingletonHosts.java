package holdfast.server.healing.singleton;

import holdfast.core.healing.Incident;
import holdfast.server.cli.Said;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.healing.act.ProcessSignal;
import holdfast.server.ledger.LedgerStore;
import holdfast.server.ledger.Seen;
import holdfast.server.ledger.file.FleetFile;
import holdfast.server.peers.Cable;
import holdfast.server.peers.Processes;
import holdfast.server.peers.StoreCluster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/// Three hosts with two singletons, `cold` and `warm`, each an agent process that reaches the store through a cable of
/// its own. The lease is long enough for a machine that has other things to do. Whoever is active appends to one file
/// per service all the time, which nobody guards.
final class SingletonHosts implements AutoCloseable {
    private static final double WELL_SECONDS = 1; // longer than it takes an agent to find its process well
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String ACT = """
            LC_ALL=C
            if [ "$1" = warm ]; then
                read -r word fence key || exit 3
                [ "$word" = active ] && [ -n "$key" ] || exit 4
            else
                fence=$HOLDFAST_FENCE
            fi
            while :; do
                echo "$fence $HOLDFAST_HOST $$ $EPOCHREALTIME" >>"$2"
                sleep 0.02
            done
            """;

    private final Path folder;
    private final StoreCluster store;
    private final Etcd etcd;
    private final Processes processes;
    private final List<Cable> cables = new ArrayList<>();
    private final List<Processes.Running> agents = new ArrayList<>();

    /// One line of a file: who acted when.
    record Act(long fence, String host, long pid, double atSeconds) {
        static Act of(String line) {
            String[] words = line.split(" ", -1);
            return new Act(Long.parseLong(words[0]), words[1], Long.parseLong(words[2]), Double.parseDouble(words[3]));
        }

        int place() {
            return Integer.parseInt(host.substring(1));
        }
    }

    SingletonHosts(Path folder) throws IOException {
        this.folder = folder;
        this.store = StoreCluster.start(Files.createDirectories(folder.resolve("store")), 1);
        this.etcd = store.clientOfAll();
        this.processes = Processes.in(Files.createDirectories(folder.resolve("logs")));
        Path script = Files.writeString(folder.resolve("act"), ACT);
        StringBuilder file = new StringBuilder("fleet: test\nhosts:\n");
        for (int host = 1; host <= 3; host++) file.append("  h%d: {address: 127.0.0.%d}\n".formatted(host, host));
        file.append("services:\n");
        for (String service : List.of("cold", "warm")) {
            Files.createFile(log(service));
            file.append("""
                      %1$s:
                        kind: singleton
                        command: [bash, %2$s, %1$s, %3$s]
                        limits: {restarts: 100}
                        stop-within: 1s
                        singleton: {standby: %1$s, lease: 3s}
                    """.formatted(service, script, log(service)));
        }
        new LedgerStore(etcd).apply(FleetFile.parse("fleet.yaml", file.toString()), 0);
        int port = Integer.parseInt(store.url(0).substring(store.url(0).lastIndexOf(':') + 1));
        for (int host = 1; host <= 3; host++) {
            cables.add(new Cable(port));
            agents.add(agent(host));
        }
    }

    private Processes.Running agent(int host) {
        return processes.holdfast(
                "h" + host,
                List.of(
                        "agent",
                        "--host=h" + host,
                        "--address=127.0.0." + host,
                        "--port=0",
                        "--data=" + folder.resolve("h" + host),
                        "--store=http://127.0.0.1:" + cables.get(host - 1).port()));
    }

    Processes.Running agentOf(int host) {
        return agents.get(host - 1);
    }

    Cable cableOf(int host) {
        return cables.get(host - 1);
    }

    Etcd etcd() {
        return etcd;
    }

    private Path log(String service) {
        return folder.resolve(service + ".acts");
    }

    List<Act> acts(String service) {
        try (Stream<String> lines = Files.lines(log(service))) {
            return lines.filter(line -> line.matches("\\d+ h\\d \\d+ \\d+\\.\\d+"))
                    .map(Act::of)
                    .toList();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    Act last(String service) {
        return acts(service).getLast();
    }

    /// Waits until somebody acts from now on, and says who.
    Act awaitActing(String service) {
        int before = acts(service).size();
        await("somebody acts for " + service, () -> acts(service).size() > before + 2);
        return last(service);
    }

    /// Waits until the one that acts has done so for a while: an agent starts again on the spot only what had been
    /// well.
    Act awaitWell(String service) {
        await("somebody acts for a while for " + service, () -> {
            List<Act> acts = acts(service);
            Act last = acts.getLast();
            return acts.stream()
                    .anyMatch(act -> act.pid() == last.pid() && act.atSeconds() < last.atSeconds() - WELL_SECONDS);
        });
        return last(service);
    }

    /// Waits until another one than whoever has that fence acts.
    Act awaitAfter(String service, long fence) {
        await("a fence of " + service + " after " + fence, () -> last(service).fence() > fence);
        return last(service);
    }

    void await(String what, BooleanSupplier condition) {
        try {
            Processes.await(what, LIMIT, condition);
        } catch (AssertionError late) {
            throw new AssertionError(late.getMessage() + "\n" + processes.logs(), late);
        }
    }

    /// Waits until every host stands in both queues.
    void awaitWhole() {
        for (String service : List.of("cold", "warm")) {
            await(
                    "three hosts stand for " + service,
                    () -> operator().read() instanceof Answer.Done<List<SingletonOperator.Status>>(var all)
                            && all.stream()
                                    .anyMatch(one -> one.service().equals(service)
                                            && one.queue().size() == 3));
            awaitActing(service);
        }
    }

    SingletonOperator operator() {
        return new SingletonOperator(etcd);
    }

    /// The agent and everything that it started.
    private List<Long> pids(int host) {
        List<Long> pids = new ArrayList<>(List.of(agentOf(host).pid()));
        ProcessHandle.of(agentOf(host).pid())
                .ifPresent(agent -> agent.descendants().forEach(child -> pids.add(child.pid())));
        return pids;
    }

    /// A signal to everything that runs on a host.
    List<Long> all(int host, ProcessSignal signal) {
        List<Long> pids = pids(host);
        pids.forEach(signal::sendTo);
        return pids;
    }

    /// Kills the agent, its guards and the other service's process, but not this one.
    void killBut(int host, long pid) {
        List<Long> pids = pids(host);
        pids.remove(pid);
        pids.forEach(ProcessSignal.STOP::sendTo); // nobody sees the others end
        pids.forEach(ProcessSignal.KILL::sendTo);
        agentOf(host).awaitEnd(LIMIT);
    }

    /// The power is gone.
    void kill(int host) {
        all(host, ProcessSignal.KILL);
        agentOf(host).awaitEnd(LIMIT);
    }

    void restart(int host) {
        agentOf(host).awaitEnd(LIMIT);
        agentOf(host).restart();
    }

    /// Runs `holdfast singleton WORDS` to its end.
    Said singleton(String... words) {
        return Said.by(store.url(0), "singleton", words);
    }

    List<Incident> incidents() {
        return new LedgerStore(etcd).read() instanceof Answer.Done<Seen>(Seen seen) ? seen.incidents() : List.of();
    }

    String logs() {
        return processes.logs();
    }

    @Override
    public void close() {
        for (int host = 1; host <= agents.size(); host++) {
            if (agentOf(host).isAlive()) all(host, ProcessSignal.KILL);
        }
        processes.close();
        for (Cable cable : cables) {
            try {
                cable.close();
            } catch (IOException _) {
                // it was
            }
        }
        etcd.close();
        store.close();
    }
}

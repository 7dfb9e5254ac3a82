package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.truth.raft.RaftLog.Appended;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/// One member as a process that can be killed. While it leads it appends one entry after the other and prints
/// `ack ENTRY` for each acknowledged one. On `dump` it prints every entry that it holds, and `end`.
final class MemberProcess {
    private MemberProcess() {}

    /// @param words number, the ports of all members from 1 on, the folder
    public static void main(String[] words) throws Exception {
        int id = Integer.parseInt(words[0]);
        List<RaftLog.Peer> peers = new ArrayList<>();
        for (String port : words[1].split(",")) {
            int peer = peers.size() + 1;
            peers.add(new RaftLog.Peer(peer, "n" + peer, "127.0.0.1:" + port, true));
        }
        CountingMachine machine = new CountingMachine();
        RaftConfig standard = RaftConfig.DEFAULT;
        RaftConfig config = new RaftConfig(
                standard.heartbeatEvery(),
                standard.leaderTimeout(),
                standard.electionTimeout(),
                2_000,
                standard.pendingMax(),
                standard.entriesPerMessage(),
                standard.askTimeout(),
                standard.learnerLagMax());
        String address = peers.get(id - 1).address();
        RaftLog log = RaftLog.open(
                new RaftOptions(
                        Path.of(words[2], "n" + id),
                        "processes",
                        peers.get(id - 1),
                        "127.0.0.1",
                        Integer.parseInt(address.substring(address.indexOf(':') + 1)),
                        peers,
                        config,
                        1 << 20,
                        1 << 20,
                        1 << 30,
                        null,
                        Ticker.system(),
                        new Dice(ProcessHandle.current().pid()),
                        _ -> Runtime.getRuntime().halt(70)),
                machine);
        Threads.startPlatform("dump", () -> dump(machine));
        System.out.println("up");
        String life = id + "-" + ProcessHandle.current().pid();
        for (int count = 0; ; ) {
            if (!log.status().leading()) {
                LockSupport.parkNanos(1_000_000);
                continue;
            }
            String entry = life + "-" + count;
            CompletableFuture<Appended> answer = new CompletableFuture<>();
            log.append(entry.getBytes(), answer::complete);
            try {
                if (answer.get(2, TimeUnit.SECONDS) instanceof Appended.Done) System.out.println("ack " + entry);
            } catch (TimeoutException _) {
                System.out.println("silence");
            }
            count++;
        }
    }

    private static void dump(CountingMachine machine) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                StringBuilder all = new StringBuilder();
                machine.entries()
                        .forEach(entry -> all.append("has ").append(entry).append('\n'));
                System.out.print(all.append("end\n"));
                System.out.flush();
            }
        } catch (java.io.IOException gone) {
            // the parent ended
        }
        Runtime.getRuntime().halt(0); // the parent is gone
    }
}

package holdfast.server.proof;

import holdfast.core.proof.FaultSchedule.Kind;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/// Three members of one store in a [Lab], each on a disk and under a clock that can be hurt, and clients for each. One
/// thread hurts and heals; clients may be used by any.
final class Arena implements AutoCloseable {
    static final List<String> MEMBERS = List.of("s1", "s2", "s3");

    private static final Duration CALL_LIMIT = Duration.ofSeconds(1);
    private static final long DISK_MEGABYTES = 256; // beyond what a hundred rounds leave behind
    private final Lab lab;
    private final Programs programs;
    private final Ticker ticker;
    private final Vertx vertx = Vertx.vertx();
    private final SortedMap<String, String> addresses = new TreeMap<>();
    private final SortedMap<String, LoopDisk> disks = new TreeMap<>();
    private final Map<String, Lab.Proc> running = new LinkedHashMap<>();
    private final SortedMap<String, SortedSet<String>> unheard = new TreeMap<>();
    private final List<Etcd> opened = new ArrayList<>();
    private final SortedMap<Kind, String> leftOut = new TreeMap<>();
    private final SortedSet<String> mayEnd = new TreeSet<>();
    private final SortedSet<String> strays = new TreeSet<>();

    /// @param kinds faults that are wanted; see [#leftOut] for those that cannot be had here
    Arena(Lab lab, Programs programs, List<Kind> kinds, Ticker ticker) {
        this.lab = lab;
        this.programs = programs;
        this.ticker = ticker;
        for (String member : MEMBERS) {
            addresses.put(member, lab.addHost(member));
            unheard.put(member, new TreeSet<>());
            if (!kinds.contains(Kind.FULL)) continue;
            LoopDisk disk = lab.addDisk("disk-" + member, DISK_MEGABYTES);
            if (disk.isThere()) disks.put(member, disk);
            else leftOut.put(Kind.FULL, disk.missing());
        }
        for (Kind kind : List.of(Kind.PARTITION, Kind.DEAF, Kind.MUTE)) {
            if (!lab.leftOut().isEmpty()) leftOut.put(kind, lab.leftOut());
        }
        for (String member : MEMBERS) start(member);
    }

    /// Faults that cannot be had on this machine, with the reasons.
    SortedMap<Kind, String> leftOut() {
        return leftOut;
    }

    /// A client that talks to one member only. Closed with the arena.
    synchronized Etcd client(String member) {
        return client(List.of(member));
    }

    synchronized Etcd client(List<String> members) {
        List<Endpoint> endpoints = members.stream()
                .map(member -> new Endpoint(addresses.getOrDefault(member, ""), Programs.CLIENT_PORT, false))
                .toList();
        Etcd client = Etcd.open(vertx, EtcdConfig.of(endpoints).withCallLimit(CALL_LIMIT), ticker);
        opened.add(client);
        return client;
    }

    boolean isRunning(String member) {
        Lab.Proc process = running.get(member);
        return process != null && process.pid().isAlive();
    }

    /// First start, or another on the data that a dead one left.
    void start(String member) {
        if (isRunning(member)) return;
        if (running.containsKey(member) && !mayEnd.remove(member)) strays.add(member);
        LoopDisk disk = disks.get(member);
        Path data = (disk == null ? lab.folder() : disk.path()).resolve("data-" + member);
        List<String> command = programs.server(
                member,
                lab.address(member),
                data,
                addresses,
                "--loop=off",
                "--snapshot-entries=2000",
                "--request-bytes-max=65536",
                "--log-file-bytes=2097152");
        running.put(member, lab.start(member, member, command, clockOf(member)));
    }

    /// Starts those that ended: a member whose disk was full may notice late.
    void startAll() {
        MEMBERS.forEach(this::start);
    }

    /// From here on a member may only end if it is killed or its disk is full.
    void forgive() {
        mayEnd.clear();
        strays.clear();
    }

    /// Members that ended since then though nobody had killed them or filled their disk.
    SortedSet<String> strays() {
        return strays;
    }

    void signal(String member, String signal) {
        Lab.Proc process = running.get(member);
        if (process == null) return;
        if (signal.equals("KILL")) {
            mayEnd.add(member);
            process.pid().kill();
        } else {
            process.pid().signal(signal);
        }
    }

    /// Waits until a killed one is gone.
    void awaitEnd(String member) {
        for (int tries = 0; tries < 500 && isRunning(member); tries++) Pause.millis(10);
    }

    /// Nothing from `from` reaches `to` any more, until [#reconnect].
    void cut(String from, String to) {
        unheard.getOrDefault(from, new TreeSet<>()).add(to);
        lab.silence(from, List.copyOf(unheard.getOrDefault(from, new TreeSet<>())));
    }

    void reconnect(String from, String to) {
        if (!unheard.getOrDefault(from, new TreeSet<>()).remove(to)) return;
        lab.silence(from, List.copyOf(unheard.getOrDefault(from, new TreeSet<>())));
    }

    void fill(String member) {
        LoopDisk disk = disks.get(member);
        if (disk == null) return;
        mayEnd.add(member);
        disk.fill();
    }

    void empty(String member) {
        LoopDisk disk = disks.get(member);
        if (disk != null) disk.empty();
    }

    private Map<String, String> clockOf(String member) {
        stepClock(member, 0);
        return Map.of("HOLDFAST_CLOCK_STEP_FILE", clockFile(member).toString());
    }

    private Path clockFile(String member) {
        return lab.folder().resolve("clock-" + member);
    }

    /// Moves a member's date away from the true one. It notices within a second.
    void stepClock(String member, long seconds) {
        try {
            Path fresh = lab.folder().resolve("clock-new-" + member);
            Files.writeString(fresh, seconds * 1_000 + "\n");
            Files.move(fresh, clockFile(member), java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot step the clock of " + member, failed);
        }
    }

    /// The member that says that it leads; empty when there is none.
    String leader(Map<String, Etcd> clients) {
        for (Map.Entry<String, Etcd> client : clients.entrySet()) {
            if (!isRunning(client.getKey())) continue;
            if (client.getValue().status() instanceof Answer.Done<Etcd.MemberStatus>(Etcd.MemberStatus status)
                    && status.leader() != 0
                    && status.leader() == status.member()) return client.getKey();
        }
        return "";
    }

    /// The last lines of every member's log.
    List<String> logs() {
        List<String> lines = new ArrayList<>();
        for (String member : MEMBERS) {
            try {
                List<String> all = Files.readAllLines(lab.log(member));
                lines.addAll(all.subList(Math.max(0, all.size() - 8), all.size()));
            } catch (IOException missing) {
                lines.add(member + " left no log: " + missing.getMessage());
            }
        }
        return lines;
    }

    @Override
    public void close() {
        opened.forEach(Etcd::close);
        vertx.close();
    }
}

package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import holdfast.server.truth.raft.RaftLog.Peer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Time, chance, links and members of one simulated run. Everything follows from the seed.
final class SimWorld {
    static final long MILLI = 1_000_000;

    static final RaftConfig CONFIG = new RaftConfig(
            Duration.ofMillis(40), Duration.ofMillis(200), Duration.ofMillis(60), 20, 64, 8, Duration.ofSeconds(1), 8);

    final long seed;
    final boolean keyspace; // members run the real one
    final Set<Guard> guards;
    final RaftConfig config;
    final Dice dice;
    final SimJudge judge = new SimJudge();
    final SimNetwork net;
    final TreeMap<Integer, SimMember> members = new TreeMap<>();
    final List<Peer> initialPeers = new ArrayList<>();
    long flushNanos = 100_000;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final int skewPermille;
    private long nowNanos;
    private long sequence;

    private record Event(long atNanos, long sequence, Runnable what) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(atNanos, other.atNanos);
            return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
        }
    }

    /// @param skewPermille how far each member's clock may run fast or slow
    SimWorld(long seed, int count, Set<Guard> guards, int skewPermille) {
        this(seed, count, guards, skewPermille, CONFIG);
    }

    SimWorld(long seed, int count, Set<Guard> guards, int skewPermille, RaftConfig config) {
        this.config = config;
        this.seed = seed;
        keyspace = seed % 4 == 0;
        this.guards = guards;
        this.skewPermille = skewPermille;
        SimLog.watch(this);
        dice = new Dice(seed);
        net = new SimNetwork(this, dice.split());
        for (int id = 1; id <= count; id++) initialPeers.add(peer(id, true));
        for (int id = 1; id <= count; id++) add(id).start();
    }

    static Peer peer(int id, boolean voter) {
        return new Peer(id, "m" + id, "m" + id + ":1", voter);
    }

    SimMember add(int id) {
        SimMember member = new SimMember(this, id, initialPeers, skewPermille);
        members.put(id, member);
        return member;
    }

    long nowNanos() {
        return nowNanos;
    }

    void after(long delayNanos, Runnable what) {
        events.add(new Event(nowNanos + Math.max(0, delayNanos), sequence++, what));
    }

    /// Runs until `nanos` from now, or the first violation.
    void run(long nanos) {
        long untilNanos = nowNanos + nanos;
        while (!events.isEmpty()
                && events.peek().atNanos() <= untilNanos
                && judge.violations().isEmpty()) {
            Event next = events.poll();
            nowNanos = next.atNanos();
            next.what().run();
        }
        nowNanos = Math.max(nowNanos, untilNanos);
    }

    void runMillis(long millis) {
        run(millis * MILLI);
    }

    void deliver(int from, int to, EngineMessage message) {
        SimMember target = members.get(to);
        if (target != null) target.with(engine -> engine.receive(from, message));
    }

    SimMachine.@Nullable State download(int from, int to, SnapshotHandle handle, long takesNanos) {
        SimMember source = members.get(from);
        return source != null && isLinked(from, to) ? source.file(handle, takesNanos) : null;
    }

    /// Whether files can go from one member to the other.
    boolean isLinked(int from, int to) {
        SimMember source = members.get(from);
        return source != null && source.isUp() && !net.isCut(from, to) && !net.isCut(to, from);
    }

    /// Ends a process; its peers may hear of the closed connection.
    void crash(int id, long restartAfterNanos) {
        SimMember member = members.get(id);
        if (member == null || !member.isUp()) return;
        member.crash();
        if (dice.oneIn(2)) closeConnections(id);
        after(restartAfterNanos, member::start);
    }

    void closeConnections(int id) {
        for (SimMember other : members.values()) {
            if (other.id == id || net.isCut(id, other.id)) continue;
            after(dice.nextLong(3 * MILLI), () -> other.with(engine -> engine.peerGone(id)));
        }
    }

    /// Some member that thinks it leads, the one of the latest term; null for none.
    @Nullable
    SimMember leader() {
        SimMember best = null;
        int bestTerm = -1;
        for (SimMember member : members.values()) {
            Engine engine = member.engine();
            if (engine == null || !member.leads() || engine.state().term() <= bestTerm) continue;
            best = member;
            bestTerm = engine.state().term();
        }
        return best;
    }

    List<SimMember> up() {
        return members.values().stream().filter(SimMember::isUp).toList();
    }
}

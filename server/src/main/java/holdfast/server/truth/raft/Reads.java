package holdfast.server.truth.raft;

import holdfast.core.base.Reason;
import holdfast.server.truth.raft.RaftLog.Barrier;
import io.microraft.Ordered;
import io.microraft.QueryPolicy;
import io.microraft.RaftEndpoint;
import io.microraft.impl.RaftNodeImpl;
import io.microraft.impl.state.RaftState;
import io.microraft.impl.statemachine.NoOp;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Read barriers. All that wait share the next round; a round never takes in a barrier that came after it
/// began.
///
/// On the leader a round is one engine query: a majority confirms the lead, then the commit index of that
/// moment covers every acknowledged write. On a follower a round asks the leader for that index. Either way the
/// barrier is reached when this member has applied up to it.
final class Reads {
    static final int WAITING_MAX = 65_536;

    private final EngineHost host;
    private final RaftNodeImpl node;
    private final RaftConfig config;
    private final Set<Guard> guards;
    private final LongSupplier applied;
    private final Deque<Waiting> local = new ArrayDeque<>(); // for the next round
    private final Deque<Remote> remote = new ArrayDeque<>(); // followers' rounds, for the next query
    private final TreeMap<Long, List<Waiting>> applying = new TreeMap<>(); // by the index to be applied
    private int queriesRunning;
    private boolean resting; // the last round failed: try again at the next tick
    private long asks; // begins anywhere, so that no answer to an earlier run of this process fits
    private @Nullable Asked asked;

    Reads(
            EngineHost host,
            RaftNodeImpl node,
            RaftConfig config,
            Set<Guard> guards,
            long firstAsk,
            LongSupplier applied) {
        asks = firstAsk;
        this.applied = applied;
        this.host = host;
        this.node = node;
        this.config = config;
        this.guards = guards;
    }

    private record Waiting(Consumer<Barrier> done, long deadlineNanos) {}

    private record Remote(int peer, long ask) {}

    /// A follower's round under way.
    private record Asked(int leader, long ask, long sentNanos, List<Waiting> waiting) {}

    void barrier(Consumer<Barrier> done) {
        if (local.size() >= WAITING_MAX) {
            done.accept(refused("too-busy", "There are " + WAITING_MAX + " reads waiting already."));
            return;
        }
        local.add(new Waiting(done, host.nanos() + config.askTimeout().toNanos()));
        begin();
    }

    /// A follower asks.
    void asked(int peer, long ask) {
        if (node.state().leaderState() == null || remote.size() >= WAITING_MAX) {
            host.send(peer, new EngineMessage.ReadIndex(ask, -1));
            return;
        }
        remote.add(new Remote(peer, ask));
        begin();
    }

    /// The leader answers.
    void answered(EngineMessage.ReadIndex answer) {
        Asked round = asked;
        if (round == null || round.ask() != answer.ask()) return;
        asked = null;
        if (answer.index() < 0) {
            again(round.waiting());
        } else {
            round.waiting().forEach(waiting -> applied(answer.index(), waiting));
            begin();
        }
    }

    private void begin() {
        if (resting || (local.isEmpty() && remote.isEmpty())) return;
        RaftState state = node.state();
        if (state.leaderState() != null) {
            // a leader that is leaving would count itself among those who confirm its lead
            boolean leaving = !state.isVotingMember(node.getLocalEndpoint());
            if (leaving && guards.contains(Guard.OWN_VOTE)) return;
            if (queriesRunning == 0 || !guards.contains(Guard.ONE_QUERY)) query();
            return;
        }
        RaftEndpoint leader = state.leader();
        if (leader == null || asked != null || local.isEmpty()) return;
        asked = new Asked(Roster.id(leader), ++asks, host.nanos(), List.copyOf(local));
        local.clear();
        host.send(Roster.id(leader), new EngineMessage.AskReadIndex(asks));
    }

    private void query() {
        List<Waiting> waiting = List.copyOf(local);
        List<Remote> remotes = List.copyOf(remote);
        local.clear();
        remote.clear();
        queriesRunning++;
        var _ = node.<Object>query(NoOp.INSTANCE, QueryPolicy.LINEARIZABLE, Optional.empty(), Optional.empty())
                .whenComplete((ordered, failure) -> queried(ordered, failure, waiting, remotes));
    }

    private void queried(
            @Nullable Ordered<Object> ordered,
            @Nullable Throwable failure,
            List<Waiting> waiting,
            List<Remote> remotes) {
        queriesRunning--;
        if (failure == null && ordered != null) {
            long index = ordered.getCommitIndex();
            remotes.forEach(asker -> host.send(asker.peer(), new EngineMessage.ReadIndex(asker.ask(), index)));
            waiting.forEach(each -> applied(index, each));
            host.execute(this::next);
            return;
        }
        // not leading, or nothing of this term committed yet
        remotes.forEach(asker -> host.send(asker.peer(), new EngineMessage.ReadIndex(asker.ask(), -1)));
        again(waiting);
    }

    private void next() {
        if (queriesRunning == 0) begin();
    }

    private void again(List<Waiting> waiting) {
        List<Waiting> inOrder = new ArrayList<>(waiting);
        for (Waiting each : inOrder.reversed()) local.addFirst(each);
        resting = true;
    }

    private void applied(long index, Waiting waiting) {
        applying.computeIfAbsent(index, _ -> new ArrayList<>()).add(waiting);
    }

    /// Answers those whose index was applied. Called after each step of the engine.
    void settle() {
        long appliedIndex = applied.getAsLong();
        while (!applying.isEmpty() && applying.firstKey() <= appliedIndex) {
            applying.pollFirstEntry().getValue().forEach(each -> each.done().accept(new Barrier.Reached(appliedIndex)));
        }
    }

    /// The role, leader or commit index moved: what rested may work now.
    void awake() {
        resting = false;
        begin();
    }

    void tick(long nowNanos) {
        Asked round = asked;
        if (round != null
                && nowNanos - round.sentNanos() > config.leaderTimeout().toNanos()) {
            asked = null; // lost, or the leader is
            again(round.waiting());
        }
        expire(local, nowNanos);
        applying.values().forEach(waiting -> expire(waiting, nowNanos));
        applying.values().removeIf(List::isEmpty);
        awake();
    }

    void peerGone(int peer) {
        Asked round = asked;
        if (round == null || round.leader() != peer) return;
        asked = null;
        again(round.waiting());
    }

    private void expire(Iterable<Waiting> waiting, long nowNanos) {
        for (var each = waiting.iterator(); each.hasNext(); ) {
            Waiting one = each.next();
            if (nowNanos - one.deadlineNanos() < 0) continue;
            each.remove();
            one.done().accept(refused("no-quorum", "No leader confirmed by a majority answered in time."));
        }
    }

    /// Refuses all that wait: the member stops.
    void close() {
        Asked round = asked;
        if (round != null) again(round.waiting());
        asked = null;
        List<Waiting> all = new ArrayList<>(local);
        applying.values().forEach(all::addAll);
        local.clear();
        applying.clear();
        all.forEach(each -> each.done().accept(refused("stopping", "This member stops.")));
    }

    private static Barrier refused(String code, String sentence) {
        return new Barrier.Refused(new Reason(code, sentence));
    }
}

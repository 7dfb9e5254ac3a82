package holdfast.server.truth.raft;

import holdfast.core.base.Bytes;
import holdfast.core.base.Reason;
import holdfast.server.truth.raft.RaftLog.Forwarded;
import io.microraft.RaftEndpoint;
import io.microraft.impl.RaftNodeImpl;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/// Requests that members pass to their leader's machine, and the answers on their way back.
final class Forwards {
    static final int PENDING_MAX = 16_384;

    private static final Reason NO_LEADER = new Reason("no-leader", "There is no leader at the moment.");

    private final EngineHost host;
    private final RaftNodeImpl node;
    private final RaftConfig config;
    private final RaftLog.Machine machine;
    private final TreeMap<Long, Pending> pending = new TreeMap<>();
    private long asks; // begins anywhere, so that no answer to an earlier run of this process fits

    Forwards(EngineHost host, RaftNodeImpl node, RaftConfig config, RaftLog.Machine machine, long firstAsk) {
        asks = firstAsk;
        this.host = host;
        this.node = node;
        this.config = config;
        this.machine = machine;
    }

    private record Pending(int leader, long deadlineNanos, Consumer<Forwarded> done) {}

    void toLeader(byte[] request, Consumer<Forwarded> done) {
        if (leads()) {
            machine.forwarded(request, reply -> done.accept(new Forwarded.Answered(Bytes.wrap(reply))));
            return;
        }
        RaftEndpoint leader = node.state().leader();
        if (leader == null
                || !host.reachable(Roster.id(leader))) { // a dead one stays the leader until its time is over
            done.accept(new Forwarded.Refused(NO_LEADER));
        } else if (pending.size() >= PENDING_MAX) {
            done.accept(new Forwarded.Refused(
                    new Reason("too-busy", "There are " + PENDING_MAX + " requests with the leader already.")));
        } else {
            int id = Roster.id(leader);
            pending.put(
                    ++asks, new Pending(id, host.nanos() + config.askTimeout().toNanos(), done));
            host.send(id, new EngineMessage.Forward(asks, Bytes.wrap(request)));
        }
    }

    private boolean leads() {
        return node.state().leaderState() != null;
    }

    /// Another member passes a request on.
    void received(int peer, EngineMessage.Forward forward) {
        if (!leads()) {
            host.send(peer, new EngineMessage.ForwardAnswer(forward.ask(), false, Bytes.EMPTY));
            return;
        }
        machine.forwarded(
                forward.request().unsafeArray(),
                reply -> host.send(peer, new EngineMessage.ForwardAnswer(forward.ask(), true, Bytes.wrap(reply))));
    }

    void answered(int peer, EngineMessage.ForwardAnswer answer) {
        Pending asked = pending.get(answer.ask());
        if (asked == null || asked.leader() != peer) return;
        pending.remove(answer.ask());
        asked.done().accept(answer.taken() ? new Forwarded.Answered(answer.reply()) : new Forwarded.Refused(NO_LEADER));
    }

    void peerGone(int peer) {
        end(asked -> asked.leader() == peer, "The connection to member " + peer + " closed before it answered.");
    }

    void tick(long nowNanos) {
        end(asked -> nowNanos - asked.deadlineNanos() >= 0, "The leader did not answer in time.");
        RaftEndpoint leader = node.state().leader();
        if (leader == null) return;
        int id = Roster.id(leader);
        end(asked -> asked.leader() != id, "The leader changed before it answered.");
    }

    void close() {
        end(_ -> true, "This member stops.");
    }

    private void end(java.util.function.Predicate<Pending> which, String sentence) {
        Reason why = new Reason("leader-lost", sentence);
        Iterator<Map.Entry<Long, Pending>> each = pending.entrySet().iterator();
        while (each.hasNext()) {
            Pending asked = each.next().getValue();
            if (!which.test(asked)) continue;
            each.remove();
            asked.done().accept(new Forwarded.Unknown(why));
        }
    }
}

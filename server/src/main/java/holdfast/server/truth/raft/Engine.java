package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import holdfast.core.base.Reason;
import holdfast.server.truth.raft.RaftLog.Appended;
import holdfast.server.truth.raft.RaftLog.Barrier;
import holdfast.server.truth.raft.RaftLog.Forwarded;
import holdfast.server.truth.raft.RaftLog.Peer;
import holdfast.server.truth.raft.RaftLog.RaftStatus;
import io.microraft.RaftEndpoint;
import io.microraft.RaftNode;
import io.microraft.RaftNodeStatus;
import io.microraft.impl.RaftNodeImpl;
import io.microraft.impl.state.RaftState;
import io.microraft.model.RaftModelFactory;
import io.microraft.model.impl.DefaultRaftModelFactory;
import io.microraft.model.message.AppendEntriesFailureResponse;
import io.microraft.model.message.AppendEntriesRequest;
import io.microraft.model.message.AppendEntriesSuccessResponse;
import io.microraft.model.message.InstallSnapshotRequest;
import io.microraft.model.message.PreVoteRequest;
import io.microraft.model.message.PreVoteResponse;
import io.microraft.model.message.RaftMessage;
import io.microraft.model.message.VoteRequest;
import io.microraft.model.message.VoteResponse;
import io.microraft.persistence.RaftStore;
import io.microraft.persistence.RestoredRaftState;
import io.microraft.transport.Transport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One MicroRaft node and everything that it leaves to us (docs/decisions/0002). All calls come on one thread,
/// the host's; nothing here waits, reads a clock or throws dice, so the simulation runs this very class.
///
/// It reaches into the engine's `impl` package for terms, match indexes and pre-votes; its version is pinned.
final class Engine implements Transport {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

    private final EngineHost host;
    private final RaftConfig config;
    private final Set<Guard> guards;
    private final RaftLog.Machine machine;
    private final Peer self;
    private final StrictStore store;
    private final EngineMachine applied;
    private final RaftNodeImpl node;
    private final EngineTime time;
    private final Roster roster;
    private final CompactedPrefix prefix;
    private final SnapshotIntake snapshots;
    private final Reads reads;
    private final Forwards forwards;
    private final Elections elections;
    private final Changes changes;
    private final Newborn newborn;
    private final Followers followers;
    private boolean busy;
    private boolean dead;
    private View shown = new View(-1, 0, false, -1);
    private long seenCommitIndex;

    /// Who this member is and what it has.
    ///
    /// @param initialPeers the members that the cluster began with, equal on all of them; a joiner gives those
    /// that it was told of, none of them itself
    /// @param restored what the store holds; null on the first start
    record Start(
            Peer self, List<Peer> initialPeers, @Nullable RestoredRaftState restored) {}

    /// What a role change is measured by; `leader` is 0 for none.
    ///
    /// @param membersIndex rises with every change of members or addresses; -1 when none was shown yet
    private record View(long term, int leader, boolean leading, long membersIndex) {}

    Engine(EngineHost host, RaftConfig config, Dice dice, RaftStore store, RaftLog.Machine machine, Start start) {
        this(host, config, dice, store, machine, start, Guard.ALL);
    }

    Engine(
            EngineHost host,
            RaftConfig config,
            Dice dice,
            RaftStore store,
            RaftLog.Machine machine,
            Start start,
            Set<Guard> guards) {
        this.host = host;
        this.config = config;
        this.guards = guards;
        this.machine = machine;
        this.self = start.self();
        this.store = new StrictStore(store, why -> {
            if (guards.contains(Guard.HALT_ON_DISK_ERROR)) die(why);
        });
        time = new EngineTime(host, config, dice.split(), this::enter);
        roster = new Roster(start.initialPeers());
        roster.announce(self);
        RaftModelFactory model = new DefaultRaftModelFactory();
        applied = new EngineMachine(machine, roster, host, this::die, this::termAt, this::hangs, this::enter);
        node = build(start, model);
        prefix = new CompactedPrefix(model, guards);
        followers = new Followers(node, guards, new HeldTail(host, node, model, config, this.store, guards));
        snapshots = new SnapshotIntake(host, node, model, this::enter, guards.contains(Guard.SNAPSHOT_TAIL));
        reads = new Reads(host, node, config, guards, dice.nextLong() >>> 1, this::appliedIndex);
        forwards = new Forwards(host, node, config, machine, dice.nextLong() >>> 1);
        changes = new Changes(host, node, config, roster, this::enter, this::careful);
        newborn = new Newborn(node, start.restored() == null && guards.contains(Guard.NEWBORN));
        elections = new Elections(host, node, time, config, guards, dice.split(), this::enter);
    }

    private RaftNodeImpl build(Start start, RaftModelFactory model) {
        RaftNode.RaftNodeBuilder builder = RaftNode.newBuilder()
                .setGroupId("holdfast")
                .setConfig(time.engineConfig(config))
                .setExecutor(time)
                .setClock(time)
                .setRandom(time.noise())
                .setTransport(this)
                .setStore(store)
                .setModelFactory(model)
                .setStateMachine(applied);
        RestoredRaftState restored = start.restored();
        if (restored != null) {
            roster.announceFrom(restored.getLogEntries());
            return (RaftNodeImpl)
                    builder.setRestoredState(Restored.mended(restored, model)).build();
        }
        Collection<RaftEndpoint> members = new LinkedHashSet<>();
        Collection<RaftEndpoint> voters = new LinkedHashSet<>();
        for (Peer peer : start.initialPeers()) {
            members.add(new MemberId(peer.id()));
            if (peer.voter()) voters.add(new MemberId(peer.id()));
        }
        return (RaftNodeImpl) builder.setLocalEndpoint(new MemberId(self.id()))
                .setInitialGroupMembers(members, voters)
                .build();
    }

    private int termAt(long index) {
        return node.state().log().getLogEntry(index).getTerm();
    }

    /// Whether the engine, having applied this member's removal at `index`, has a snapshot ahead that it will
    /// not make.
    private boolean hangs(long index) {
        long every = config.snapshotEvery();
        return isOver() && (node.state().commitIndex() - 1) / every > (index - 1) / every;
    }

    void start() {
        enter(() -> {
            var _ = node.start().whenComplete((_, failure) -> {
                if (failure != null) die(new Reason("start-failed", "The Raft engine did not start: " + failure + "."));
            });
        });
        scheduleTick();
    }

    private void scheduleTick() {
        host.schedule(
                () -> {
                    if (dead) return;
                    enter(this::tick);
                    scheduleTick();
                },
                config.heartbeatEvery().toNanos() / 2);
    }

    private void tick() {
        long nowNanos = host.nanos();
        newborn.grow();
        followers.tick();
        elections.tick(nowNanos);
        reads.tick(nowNanos);
        forwards.tick(nowNanos);
    }

    /// Takes what another member sent.
    void receive(int fromPeer, EngineMessage message) {
        enter(() -> {
            switch (message) {
                case EngineMessage.Raft(RaftMessage raft) -> receiveRaft(fromPeer, raft);
                case EngineMessage.AskReadIndex(long ask) -> reads.asked(fromPeer, ask);
                case EngineMessage.ReadIndex answer -> reads.answered(answer);
                case EngineMessage.Forward forward -> forwards.received(fromPeer, forward);
                case EngineMessage.ForwardAnswer answer -> forwards.answered(fromPeer, answer);
            }
        });
    }

    private void receiveRaft(int fromPeer, RaftMessage message) {
        if (Roster.id(message.getSender()) != fromPeer || isOver()) return;
        // A delayed answer to an earlier lead of ours would count as replication of what we hold now.
        if (guards.contains(Guard.STALE_ANSWERS)
                && EngineMessage.isAnswer(message)
                && message.getTerm() < node.state().term()) return;
        if (newborn.withholds(message)) return;
        switch (message) {
            case InstallSnapshotRequest snapshot -> snapshots.receive(fromPeer, snapshot);
            case AppendEntriesRequest append -> {
                node.handle(prefix.mend(append, node.state()));
                prefix.done();
            }
            case AppendEntriesSuccessResponse answer -> followers.handle(answer);
            case AppendEntriesFailureResponse refusal -> followers.handle(refusal);
            case PreVoteResponse answer -> elections.preVoted(answer);
            case VoteResponse answer -> elections.voted(answer);
            default -> node.handle(message); // the engine's own, not a sealed type
        }
    }

    @Override
    public void send(RaftEndpoint target, RaftMessage message) {
        if (dead || target == null) return; // null: the engine answers a leader that it has forgotten
        RaftMessage out = followers.sending(target, message);
        if (message instanceof AppendEntriesSuccessResponse answer) {
            if (guards.contains(Guard.FLUSH_BEFORE_ANSWER)) flush();
            out = prefix.correct(answer);
        } else if (message instanceof PreVoteRequest || message instanceof VoteRequest) {
            elections.underWay();
        }
        if (!dead) host.send(Roster.id(target), new EngineMessage.Raft(out));
    }

    private void flush() {
        try {
            store.flushIfDirty();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public boolean isReachable(RaftEndpoint endpoint) {
        return host.reachable(Roster.id(endpoint));
    }

    /// The connection to `peer` closed: a proof that its process died or cut us off.
    void peerGone(int peer) {
        enter(() -> {
            elections.peerGone(peer);
            reads.peerGone(peer);
            forwards.peerGone(peer);
        });
    }

    /// See [RaftLog] for this one and those up to [#transferLeadership].
    void append(byte[] entry, Consumer<Appended> done) {
        if (entry.length == 0) throw new IllegalArgumentException("an empty entry is a new leader's own");
        enter(() -> changes.append(EntryBytes.of(entry), done));
    }

    void readBarrier(Consumer<Barrier> done) {
        enter(() -> reads.barrier(done));
    }

    void toLeader(byte[] request, Consumer<Forwarded> done) {
        enter(() -> forwards.toLeader(request, done));
    }

    void addLearner(Peer peer, Consumer<Appended> done) {
        enter(() -> changes.addLearner(peer, done));
    }

    void promote(int peerId, Consumer<Appended> done) {
        enter(() -> changes.promote(peerId, done));
    }

    void remove(int peerId, Consumer<Appended> done) {
        enter(() -> changes.remove(peerId, done));
    }

    void readdress(Peer peer, Consumer<Appended> done) {
        enter(() -> changes.readdress(peer, done));
    }

    void transferLeadership(int peerId, Consumer<Appended> done) {
        enter(() -> changes.transferLeadership(peerId, done));
    }

    private boolean leads() {
        return node.state().leaderState() != null;
    }

    /// Makes a snapshot now, besides those at every `snapshotEvery` entries, so that the log can be cut. Does
    /// nothing while a snapshot is near, behind or ahead.
    void snapshot() {
        enter(() -> {
            long index = node.state().lastApplied();
            // after a restart the machine may be ahead of the log: its state would not be that of this index
            if (machine.durableIndex() > index || snapshots.isNear(index, config.snapshotEvery())) return;
            var _ = node.takeSnapshot();
        });
    }

    /// As of now. `leader` is null while unknown; a removed member is not among `members`.
    RaftStatus status() {
        RaftState state = node.state();
        return new RaftStatus(
                self,
                roster.leader(state),
                leads(),
                state.term(),
                state.commitIndex(),
                appliedIndex(),
                roster.members(state));
    }

    /// Stops without a word to the others. What waits is refused or unknown.
    void close() {
        enter(() -> {
            var _ = node.terminate();
            reads.close();
            forwards.close();
        });
        dead = true;
    }

    RaftState state() {
        return node.state();
    }

    /// How far the machine is.
    long appliedIndex() {
        return applied.appliedIndex(node.state().lastApplied());
    }

    private boolean isOver() {
        return node.getStatus() == RaftNodeStatus.TERMINATED;
    }

    /// Runs one step, now; later when called from within one, so that a callback finds the engine at rest.
    private void enter(Runnable step) {
        if (dead) return;
        if (busy) {
            host.execute(() -> enter(step));
            return;
        }
        busy = true;
        careful(() -> {
            step.run();
            if (!dead) settle();
        });
        busy = false;
    }

    private void careful(Runnable ours) {
        try {
            ours.run();
        } catch (RuntimeException | Error bug) {
            LOG.error("A step of the Raft driver broke.", bug);
            die(new Reason("raft-bug", "A step of the Raft driver broke: " + bug + "."));
        }
    }

    private void settle() {
        RaftState state = node.state();
        if (isOver() && leads()) node.toFollower(state.term());
        reads.settle();
        View now = view(state);
        boolean changed = !now.equals(shown);
        if (changed || state.commitIndex() != seenCommitIndex) {
            seenCommitIndex = state.commitIndex();
            reads.awake();
        }
        if (changed) show(now);
    }

    private View view(RaftState state) {
        RaftEndpoint leader = state.leader();
        return new View(
                state.term(),
                leader == null ? 0 : Roster.id(leader),
                leads(),
                state.effectiveGroupMembers().getLogIndex() + roster.changes());
    }

    private void show(View now) {
        boolean sameMembers = now.membersIndex() == shown.membersIndex();
        shown = now;
        RaftStatus status = status();
        if (!sameMembers) host.peersChanged(status.members());
        applied.drain();
        machine.roleChanged(status);
    }

    private void die(Reason why) {
        if (dead) return;
        dead = true;
        host.halt(why);
    }
}

package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import holdfast.core.base.Reason;
import holdfast.server.truth.raft.RaftLog.Appended;
import holdfast.server.truth.raft.RaftLog.Barrier;
import holdfast.server.truth.raft.RaftLog.Forwarded;
import holdfast.server.truth.raft.RaftLog.Peer;
import holdfast.server.truth.raft.RaftLog.RaftStatus;
import io.microraft.MembershipChangeMode;
import io.microraft.Ordered;
import io.microraft.RaftEndpoint;
import io.microraft.RaftNode;
import io.microraft.RaftNodeStatus;
import io.microraft.exception.CannotReplicateException;
import io.microraft.exception.MismatchingRaftGroupMembersCommitIndexException;
import io.microraft.exception.NotLeaderException;
import io.microraft.impl.RaftNodeImpl;
import io.microraft.impl.state.RaftState;
import io.microraft.model.RaftModelFactory;
import io.microraft.model.impl.DefaultRaftModelFactory;
import io.microraft.model.message.AppendEntriesFailureResponse;
import io.microraft.model.message.AppendEntriesRequest;
import io.microraft.model.message.AppendEntriesSuccessResponse;
import io.microraft.model.message.InstallSnapshotRequest;
import io.microraft.model.message.InstallSnapshotResponse;
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
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One MicroRaft node and everything that it leaves to us (docs/decisions/0002). All calls come on one thread,
/// the host's; nothing here waits, reads a clock or throws dice of its own, so the simulation runs this very
/// class.
///
/// It reaches into the engine's `impl` package for what the engine's interface does not show (terms, match
/// indexes, pre-votes). The engine's version is pinned.
final class Engine implements Transport {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

    private final EngineHost host;
    private final RaftConfig config;
    private final Set<Guard> guards;
    private final RaftLog.Machine machine;
    private final Peer self;
    private final StrictStore store;
    private final RaftNodeImpl node;
    private final EngineTime time;
    private final Roster roster;
    private final CompactedPrefix prefix;
    private final SnapshotIntake snapshots;
    private final Reads reads;
    private final Forwards forwards;
    private final Elections elections;
    private boolean busy;
    private boolean dead;
    private @Nullable View shown;
    private long seenCommitIndex;

    /// Who this member is and what it has.
    ///
    /// @param initialPeers the members that the cluster began with, equal on all of them; a joiner gives those
    /// that it was told of, none of them itself
    /// @param restored what the store holds; null on the first start
    record Start(
            Peer self, List<Peer> initialPeers, @Nullable RestoredRaftState restored) {}

    /// What a role change is measured by.
    private record View(
            long term,
            @Nullable RaftEndpoint leader,
            boolean leading,
            Collection<RaftEndpoint> members,
            Collection<RaftEndpoint> voters) {}

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
        node = build(start, model, machine);
        prefix = new CompactedPrefix(model, guards);
        snapshots = new SnapshotIntake(host, node, model, this::enter, guards.contains(Guard.SNAPSHOT_TAIL));
        reads = new Reads(host, node, config, guards, dice.nextLong() >>> 1);
        forwards = new Forwards(host, node, config, machine, dice.nextLong() >>> 1);
        elections = new Elections(host, node, time, config, guards, dice.split(), this::enter);
    }

    private RaftNodeImpl build(Start start, RaftModelFactory model, RaftLog.Machine machine) {
        RaftNode.RaftNodeBuilder builder = RaftNode.newBuilder()
                .setGroupId("holdfast")
                .setConfig(time.engineConfig(config))
                .setExecutor(time)
                .setClock(time)
                .setRandom(time.noise())
                .setTransport(this)
                .setStore(store)
                .setModelFactory(model)
                .setStateMachine(new EngineMachine(machine, roster, host, this::die, this::termAt));
        RestoredRaftState restored = start.restored();
        if (restored != null) {
            roster.announceFrom(restored.getLogEntries());
            return (RaftNodeImpl) builder.setRestoredState(restored).build();
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

    void start() {
        enter(() -> node.start().whenComplete((_, failure) -> {
            if (failure != null) die(new Reason("start-failed", "The Raft engine did not start: " + failure + "."));
        }));
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
                && isAnswer(message)
                && message.getTerm() < node.state().term()) return;
        switch (message) {
            case InstallSnapshotRequest snapshot -> snapshots.receive(fromPeer, snapshot);
            case AppendEntriesRequest append -> {
                node.handle(prefix.mend(append, node.state()));
                prefix.done();
            }
            case PreVoteResponse answer -> elections.preVoted(answer);
            case VoteResponse answer -> elections.voted(answer);
            default -> node.handle(message); // the engine's own, not a sealed type
        }
    }

    private static boolean isAnswer(RaftMessage message) {
        return message instanceof AppendEntriesSuccessResponse
                || message instanceof AppendEntriesFailureResponse
                || message instanceof InstallSnapshotResponse
                || message instanceof PreVoteResponse
                || message instanceof VoteResponse;
    }

    /// The engine sends.
    @Override
    public void send(RaftEndpoint target, RaftMessage message) {
        if (dead || target == null) return; // null: the engine answers a leader that it has forgotten
        RaftMessage out = message;
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

    /// See [RaftLog#append].
    void append(byte[] entry, Consumer<Appended> done) {
        if (entry.length == 0) throw new IllegalArgumentException("an empty entry is a new leader's own");
        enter(() -> replicate(EntryBytes.of(entry), done));
    }

    private void replicate(Object operation, Consumer<Appended> done) {
        answer(node.replicate(operation), done);
    }

    private void answer(CompletableFuture<? extends Ordered<?>> future, Consumer<Appended> done) {
        boolean atOnce = future.isCompletedExceptionally(); // then nothing was written
        future.whenComplete((ordered, failure) -> careful(() -> done.accept(appended(ordered, failure, atOnce))));
    }

    private Appended appended(@Nullable Ordered<?> ordered, @Nullable Throwable failure, boolean atOnce) {
        if (ordered != null && failure == null) {
            return ordered.getResult() instanceof EngineMachine.Ran(long term, Object result)
                    ? new Appended.Done(ordered.getCommitIndex(), term, result)
                    : new Appended.Done(ordered.getCommitIndex(), node.state().term(), "");
        }
        if (!atOnce) {
            return new Appended.Unknown(
                    new Reason("leader-lost", "This member lost its lead before a majority answered."));
        }
        return new Appended.Refused(refusal(failure));
    }

    private Reason refusal(@Nullable Throwable failure) {
        if (isOver()) return new Reason("stopping", "This member stops or was removed.");
        if (failure instanceof NotLeaderException) return new Reason("not-leader", "This member does not lead.");
        if (failure instanceof CannotReplicateException) {
            return new Reason(
                    "too-busy",
                    "A change of members or lead is under way, or " + config.pendingMax() + " entries wait.");
        }
        if (failure instanceof MismatchingRaftGroupMembersCommitIndexException) {
            return new Reason("membership-changing", "Another change of members is under way.");
        }
        return new Reason("refused", "The Raft engine refused: " + failure + ".");
    }

    /// See [RaftLog#readBarrier].
    void readBarrier(Consumer<Barrier> done) {
        enter(() -> reads.barrier(done));
    }

    /// See [RaftLog#toLeader].
    void toLeader(byte[] request, Consumer<Forwarded> done) {
        enter(() -> forwards.toLeader(request, done));
    }

    /// See [RaftLog#addLearner]. Two entries: the address, then the change.
    void addLearner(Peer peer, Consumer<Appended> done) {
        enter(() -> {
            if (refused(roster.refuseLearner(peer, node.state()), done)) return;
            replicate(new Announced(peer), announced -> {
                if (announced instanceof Appended.Done) {
                    host.execute(() -> enter(() -> change(peer.id(), MembershipChangeMode.ADD_LEARNER, done)));
                } else {
                    done.accept(announced);
                }
            });
        });
    }

    /// See [RaftLog#promote].
    void promote(int peerId, Consumer<Appended> done) {
        enter(() -> {
            if (refused(roster.refusePromotion(peerId, node.state(), config.learnerLagMax()), done)) return;
            change(peerId, MembershipChangeMode.ADD_OR_PROMOTE_TO_FOLLOWER, done);
        });
    }

    /// See [RaftLog#remove].
    void remove(int peerId, Consumer<Appended> done) {
        enter(() -> change(peerId, MembershipChangeMode.REMOVE_MEMBER, done));
    }

    /// See [RaftLog#transferLeadership].
    void transferLeadership(int peerId, Consumer<Appended> done) {
        enter(() -> {
            if (refused(null, done)) return;
            answer(node.transferLeadership(new MemberId(peerId)), done);
        });
    }

    /// The engine forgets to look again whether the member that gets the lead is still one.
    private @Nullable Reason transferring() {
        if (node.state().leadershipTransferState() == null) return null;
        return new Reason("transferring", "The lead is being handed over; change members after that.");
    }

    private boolean refused(@Nullable Reason why, Consumer<Appended> done) {
        Reason first = leads() ? why : new Reason("not-leader", "This member does not lead.");
        if (first == null) return false;
        done.accept(new Appended.Refused(first));
        return true;
    }

    private void change(int peerId, MembershipChangeMode mode, Consumer<Appended> done) {
        if (refused(transferring(), done)) return;
        long from = node.state().committedGroupMembers().getLogIndex();
        answer(node.changeMembership(new MemberId(peerId), mode, from), done);
    }

    private boolean leads() {
        return node.state().leaderState() != null;
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
                state.lastApplied(),
                roster.members(state));
    }

    /// Stops without a word to the others. What waits is refused or unknown.
    void close() {
        enter(() -> {
            node.terminate();
            reads.close();
            forwards.close();
        });
        dead = true;
    }

    /// For the simulation's invariants.
    RaftState state() {
        return node.state();
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
        reads.settle();
        boolean changed = !isShown(state);
        if (changed || state.commitIndex() != seenCommitIndex) {
            seenCommitIndex = state.commitIndex();
            reads.awake();
        }
        if (changed) show(state);
    }

    private boolean isShown(RaftState state) {
        View view = shown;
        return view != null
                && view.term() == state.term()
                && view.leader() == state.leader()
                && view.leading() == leads()
                && view.members() == state.members()
                && view.voters() == state.votingMembers();
    }

    private void show(RaftState state) {
        View before = shown;
        shown = new View(state.term(), state.leader(), leads(), state.members(), state.votingMembers());
        RaftStatus now = status();
        if (before == null || before.members() != state.members() || before.voters() != state.votingMembers())
            host.peersChanged(now.members());
        machine.roleChanged(now);
    }

    private void die(Reason why) {
        if (dead) return;
        dead = true;
        host.halt(why);
    }
}

package holdfast.server.truth.raft;

import holdfast.core.base.Reason;
import holdfast.server.truth.raft.RaftLog.Appended;
import holdfast.server.truth.raft.RaftLog.Peer;
import io.microraft.MembershipChangeMode;
import io.microraft.Ordered;
import io.microraft.RaftNodeStatus;
import io.microraft.exception.CannotReplicateException;
import io.microraft.exception.MismatchingRaftGroupMembersCommitIndexException;
import io.microraft.exception.NotLeaderException;
import io.microraft.impl.RaftNodeImpl;
import io.microraft.impl.state.RaftState;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Everything that a leader appends: entries, and changes of members and of lead, one at a time.
final class Changes {
    private final EngineHost host;
    private final RaftNodeImpl node;
    private final RaftConfig config;
    private final Roster roster;
    private final Consumer<Runnable> enter;
    private final Consumer<Runnable> careful;

    /// @param enter runs a step of the engine
    /// @param careful runs a callback, inside a step, whose bugs must not be lost
    Changes(
            EngineHost host,
            RaftNodeImpl node,
            RaftConfig config,
            Roster roster,
            Consumer<Runnable> enter,
            Consumer<Runnable> careful) {
        this.host = host;
        this.node = node;
        this.config = config;
        this.roster = roster;
        this.enter = enter;
        this.careful = careful;
    }

    void append(Object operation, Consumer<Appended> done) {
        RaftState state = node.state();
        long waiting = state.log().lastLogOrSnapshotIndex() - state.commitIndex();
        if (waiting >= config.pendingMax()) {
            done.accept(new Appended.Refused(new Reason("too-busy", waiting + " entries wait already.")));
            return;
        }
        answer(node.replicate(operation), done);
    }

    /// Two entries: the address, then the change.
    void addLearner(Peer peer, Consumer<Appended> done) {
        if (refused(roster.refuseLearner(peer, node.state()), done)) return;
        append(new Announced(peer), announced -> {
            if (announced instanceof Appended.Done) {
                host.execute(() -> enter.accept(() -> change(peer.id(), MembershipChangeMode.ADD_LEARNER, done)));
            } else {
                done.accept(announced);
            }
        });
    }

    /// One entry: the new address.
    void readdress(Peer peer, Consumer<Appended> done) {
        if (!refused(null, done)) append(new Announced(peer), done);
    }

    void promote(int peerId, Consumer<Appended> done) {
        if (refused(roster.refusePromotion(peerId, node.state(), config.learnerLagMax()), done)) return;
        change(peerId, MembershipChangeMode.ADD_OR_PROMOTE_TO_FOLLOWER, done);
    }

    void remove(int peerId, Consumer<Appended> done) {
        change(peerId, MembershipChangeMode.REMOVE_MEMBER, done);
    }

    void transferLeadership(int peerId, Consumer<Appended> done) {
        if (refused(null, done)) return;
        answer(node.transferLeadership(new MemberId(peerId)), done);
    }

    private void change(int peerId, MembershipChangeMode mode, Consumer<Appended> done) {
        if (refused(transferring(), done)) return;
        long from = node.state().committedGroupMembers().getLogIndex();
        answer(node.changeMembership(new MemberId(peerId), mode, from), done);
    }

    /// The engine forgets to look again whether the member that gets the lead is still one.
    private @Nullable Reason transferring() {
        if (node.state().leadershipTransferState() == null) return null;
        return new Reason("transferring", "The lead is being handed over; change members after that.");
    }

    private boolean refused(@Nullable Reason why, Consumer<Appended> done) {
        boolean leads = node.state().leaderState() != null;
        Reason first = leads ? why : new Reason("not-leader", "This member does not lead.");
        if (first == null) return false;
        done.accept(new Appended.Refused(first));
        return true;
    }

    private void answer(CompletableFuture<? extends Ordered<?>> future, Consumer<Appended> done) {
        boolean atOnce = future.isCompletedExceptionally(); // then the engine refused before it wrote anything
        var _ = future.whenComplete((ordered, failure) -> {
            Runnable tell = () -> careful.accept(() -> done.accept(appended(ordered, failure, atOnce)));
            if (failure == null) host.execute(tell); // behind the machine, which runs the entry at the turn's end
            else tell.run();
        });
    }

    private Appended appended(@Nullable Ordered<?> ordered, @Nullable Throwable failure, boolean atOnce) {
        if (ordered != null && failure == null) {
            RaftState state = node.state();
            return ordered.getResult() instanceof EngineMachine.Ran ran
                    ? new Appended.Done(ordered.getCommitIndex(), ran.term(), ran.result())
                    : new Appended.Done(ordered.getCommitIndex(), state.term(), "");
        }
        Reason refusal = atOnce ? refusal(failure) : null;
        if (refusal != null) return new Appended.Refused(refusal);
        return new Appended.Unknown(new Reason("leader-lost", "This member lost its lead before a majority answered."));
    }

    /// Null when the engine may have written something first.
    private @Nullable Reason refusal(@Nullable Throwable failure) {
        if (node.getStatus() == RaftNodeStatus.TERMINATED) {
            return new Reason("stopping", "This member stops or was removed.");
        }
        return switch (failure) {
            case NotLeaderException _ -> new Reason("not-leader", "This member does not lead.");
            case CannotReplicateException _ -> new Reason("too-busy", "A change of members or lead is under way.");
            case MismatchingRaftGroupMembersCommitIndexException _ ->
                new Reason("membership-changing", "Another change of members is under way.");
            case IllegalArgumentException wrong -> new Reason("refused", "The engine refused: " + wrong.getMessage());
            case IllegalStateException wrong -> new Reason("refused", "The engine refused: " + wrong.getMessage());
            case null, default -> null;
        };
    }
}

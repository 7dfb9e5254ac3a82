package holdfast.server.truth.raft;

import holdfast.core.base.Reason;
import io.microraft.exception.RaftException;
import io.microraft.impl.statemachine.InternalCommitAware;
import io.microraft.statemachine.StateMachine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import java.util.function.LongToIntFunction;

/// The engine's state machine: entries go to the [RaftLog.Machine], announced members to the [Roster]. Whatever
/// fails here ends the member: the engine would take the exception for the entry's result and go on.
///
/// Entries go there at the end of the turn, behind the answers to other members: what they wait for is that an entry
/// lies in our log, not that we ran it. So the members run an entry at the same time, and nobody's log waits for it.
/// Whoever looks at the machine asks [#drain] first, or [#appliedIndex] how far it is.
final class EngineMachine implements StateMachine, InternalCommitAware {
    private static final Object NOTHING = "";

    private final RaftLog.Machine machine;
    private final Roster roster;
    private final EngineHost host;
    private final Consumer<Reason> onFailure;
    private final LongToIntFunction termAt;
    private final LongPredicate hangs;
    private final Consumer<Runnable> enter;
    private final ArrayDeque<Committed> committed = new ArrayDeque<>();

    /// @param enter runs a step of the engine
    EngineMachine(
            RaftLog.Machine machine,
            Roster roster,
            EngineHost host,
            Consumer<Reason> onFailure,
            LongToIntFunction termAt,
            LongPredicate hangs,
            Consumer<Runnable> enter) {
        this.machine = machine;
        this.roster = roster;
        this.host = host;
        this.onFailure = onFailure;
        this.termAt = termAt;
        this.hangs = hangs;
        this.enter = enter;
    }

    /// What a committed entry answers: its term and, once it was applied, the machine's own result.
    static final class Ran {
        private final long term;
        private Object result = NOTHING;

        private Ran(long term) {
            this.term = term;
        }

        long term() {
            return term;
        }

        Object result() {
            return result;
        }
    }

    /// An entry that the machine has not seen yet.
    private record Committed(long index, EntryBytes entry, Ran ran) {}

    @Override
    public Object runOperation(long index, Object operation) {
        Ran ran = new Ran(termAt.applyAsInt(index));
        switch (operation) {
            case EntryBytes entry -> {
                if (committed.isEmpty()) host.execute(() -> enter.accept(this::drain));
                committed.addLast(new Committed(index, entry, ran));
            }
            case Announced announced -> roster.announce(announced.peer());
            default -> throw failed("apply entry " + index, new IllegalArgumentException("no operation of ours"));
        }
        return ran;
    }

    /// Applies what was committed.
    void drain() {
        for (Committed next = committed.peek(); next != null; next = committed.peek()) {
            try {
                if (next.entry.size() > 0) {
                    next.ran.result = machine.apply(next.index, next.ran.term, next.entry.get());
                }
            } catch (RuntimeException | Error bug) {
                throw failed("apply entry " + next.index, bug);
            }
            committed.remove();
        }
    }

    /// How far the machine is when the engine is at `committedIndex`.
    long appliedIndex(long committedIndex) {
        Committed first = committed.peek();
        return first == null ? committedIndex : first.index - 1;
    }

    @Override
    public void takeSnapshot(long index, Consumer<Object> chunks) {
        drain();
        try {
            Path into = host.newSnapshotFolder(index);
            machine.snapshot(index, into);
            chunks.accept(host.sealSnapshot(index, roster.announced()));
        } catch (IOException | RuntimeException | Error bug) {
            throw failed("make a snapshot at " + index, bug);
        }
    }

    @Override
    public void installSnapshot(long index, List<Object> chunks) {
        drain();
        try {
            SnapshotHandle handle = (SnapshotHandle) chunks.getFirst();
            roster.announce(handle.peers());
            // after a restart the machine's own disk may be ahead of the snapshot
            if (machine.durableIndex() < index) machine.restore(index, host.folderOf(handle));
        } catch (RuntimeException | Error bug) {
            throw failed("take over the snapshot at " + index, bug);
        }
    }

    /// A change of members was committed. When it removed this member and a regular snapshot is due behind it,
    /// the engine would wait for that snapshot for ever, on our thread, without making it: so it is thrown out
    /// of its loop.
    @Override
    public void onInternalCommit(long index) {
        if (hangs.test(index)) throw new RaftException("removed at " + index + ", nothing more to apply", null, null);
    }

    /// A new leader's first entry: empty, so that no machine ever sees it.
    @Override
    public Object getNewTermOperation() {
        return EntryBytes.of(new byte[0]);
    }

    private IllegalStateException failed(String what, Throwable cause) {
        onFailure.accept(new Reason("machine-failed", "The state machine could not " + what + ": " + cause + "."));
        return new IllegalStateException(what, cause);
    }
}

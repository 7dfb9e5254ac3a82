package holdfast.server.truth.raft;

import holdfast.core.base.Reason;
import io.microraft.exception.RaftException;
import io.microraft.impl.statemachine.InternalCommitAware;
import io.microraft.statemachine.StateMachine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import java.util.function.LongToIntFunction;

/// The engine's state machine: entries go to the [RaftLog.Machine], announced members to the [Roster]. Whatever
/// fails here ends the member: the engine would take the exception for the entry's result and go on.
final class EngineMachine implements StateMachine, InternalCommitAware {
    private static final Object NOTHING = "";

    private final RaftLog.Machine machine;
    private final Roster roster;
    private final EngineHost host;
    private final Consumer<Reason> onFailure;
    private final LongToIntFunction termAt;
    private final LongPredicate hangs;

    EngineMachine(
            RaftLog.Machine machine,
            Roster roster,
            EngineHost host,
            Consumer<Reason> onFailure,
            LongToIntFunction termAt,
            LongPredicate hangs) {
        this.machine = machine;
        this.roster = roster;
        this.host = host;
        this.onFailure = onFailure;
        this.termAt = termAt;
        this.hangs = hangs;
    }

    /// What an applied entry answers: its term and the machine's own result.
    record Ran(long term, Object result) {}

    @Override
    public Object runOperation(long index, Object operation) {
        int term = termAt.applyAsInt(index);
        try {
            return new Ran(term, run(index, term, operation));
        } catch (RuntimeException | Error bug) {
            throw failed("apply entry " + index, bug);
        }
    }

    private Object run(long index, int term, Object operation) {
        if (operation instanceof EntryBytes bytes) {
            return bytes.size() == 0 ? NOTHING : machine.apply(index, term, bytes.get());
        }
        if (operation instanceof Announced announced) {
            roster.announce(announced.peer());
            return NOTHING;
        }
        throw new IllegalArgumentException("no operation of ours: " + operation.getClass());
    }

    @Override
    public void takeSnapshot(long index, Consumer<Object> chunks) {
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

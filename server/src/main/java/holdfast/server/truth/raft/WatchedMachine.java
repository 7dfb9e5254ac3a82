package holdfast.server.truth.raft;

import holdfast.server.truth.raft.RaftLog.Machine;
import holdfast.server.truth.raft.RaftLog.RaftStatus;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A machine, with an eye on roles.
///
/// @param seen hears of each role just before the machine
record WatchedMachine(Machine machine, Consumer<RaftStatus> seen) implements Machine {
    @Override
    public Object apply(long index, long term, byte[] entry) {
        return machine.apply(index, term, entry);
    }

    @Override
    public long durableIndex() {
        return machine.durableIndex();
    }

    @Override
    public void snapshot(long index, Path into) {
        machine.snapshot(index, into);
    }

    @Override
    public @Nullable String damage(Path folder, Runnable each) {
        return machine.damage(folder, each);
    }

    @Override
    public void restore(long index, Path from) {
        machine.restore(index, from);
    }

    @Override
    public void forwarded(byte[] request, Consumer<byte[]> reply) {
        machine.forwarded(request, reply);
    }

    @Override
    public void roleChanged(RaftStatus now) {
        seen.accept(now);
        machine.roleChanged(now);
    }
}

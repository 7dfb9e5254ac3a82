package holdfast.server.truth.raft;

import holdfast.core.base.Dice;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A small state: sixteen registers and a hash over everything ever applied. Flushed now and then; a crash goes
/// back to the last flush.
final class SimMachine implements RaftLog.Machine {
    private static final int REGISTERS = 16;

    private final int member;
    private final SimJudge judge;
    private final Dice dice;
    private final TreeMap<Path, State> files;
    private State now = new State(0, 0, new long[REGISTERS]);
    private State durable = now;
    private RaftLog.@Nullable RaftStatus told;
    private BiConsumer<byte[], Consumer<byte[]>> forwarded = (_, _) -> {};

    record State(long index, long chain, long[] registers) {
        State with(long newIndex, long entry) {
            long[] copy = registers.clone();
            copy[(int) Long.remainderUnsigned(entry, REGISTERS)] = entry;
            return new State(newIndex, mix(chain ^ mix(entry + newIndex)), copy);
        }

        private static long mix(long value) {
            long mixed = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
            return mixed ^ (mixed >>> 27);
        }
    }

    /// @param files snapshot folders of this member's disk
    SimMachine(int member, SimJudge judge, Dice dice, TreeMap<Path, State> files) {
        this.member = member;
        this.judge = judge;
        this.dice = dice;
        this.files = files;
    }

    static byte[] entry(long value) {
        return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
    }

    static long value(byte[] entry) {
        return ByteBuffer.wrap(entry).getLong();
    }

    void crash() {
        now = durable;
        told = null;
    }

    void wipe() {
        now = new State(0, 0, new long[REGISTERS]);
        durable = now;
    }

    void onForwarded(BiConsumer<byte[], Consumer<byte[]>> handler) {
        forwarded = handler;
    }

    State now() {
        return now;
    }

    @Override
    public Object apply(long index, long term, byte[] entry) {
        if (index <= now.index()) return now.index();
        now = now.with(index, value(entry));
        judge.applied(member, index, term, value(entry), now.chain());
        if (dice.oneIn(8)) durable = now;
        return index;
    }

    @Override
    public long durableIndex() {
        return durable.index();
    }

    @Override
    public void snapshot(long index, Path into) {
        if (now.index() > index)
            judge.violation("member " + member + " makes a snapshot at " + index + " of a state at " + now.index());
        files.put(into, now);
    }

    @Override
    public void restore(long index, Path from) {
        State state = files.get(from);
        if (state == null) {
            judge.violation("member " + member + " has no snapshot in " + from);
            return;
        }
        if (state.index() < now.index())
            judge.violation("member " + member + " goes back from " + now.index() + " to " + state.index());
        now = state;
        durable = state;
    }

    @Override
    public void forwarded(byte[] request, Consumer<byte[]> reply) {
        forwarded.accept(request, reply);
    }

    @Override
    public void roleChanged(RaftLog.RaftStatus status) {
        if (told != null) judge.told(member, told, status);
        told = status;
    }
}

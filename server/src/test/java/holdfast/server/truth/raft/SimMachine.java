package holdfast.server.truth.raft;

import holdfast.core.base.Bytes;
import holdfast.core.base.Dice;
import holdfast.core.base.KeyRange;
import holdfast.core.truth.Applied;
import holdfast.core.truth.Batch;
import holdfast.core.truth.Command;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.MemoryShelf;
import holdfast.core.truth.ShelfView;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A small state: sixteen registers, a hash over everything ever applied and, in some runs, the real keyspace.
/// Flushed now and then; a crash goes back to the last flush.
final class SimMachine implements RaftLog.Machine {
    private static final int REGISTERS = 16;

    private final int member;
    private final SimJudge judge;
    private final Dice dice;
    private final TreeMap<Path, State> files;
    private final Keyspace rules = new Keyspace();
    private final @Nullable MemoryShelf shelf;
    private State now = State.EMPTY;
    private State durable = now;
    private RaftLog.@Nullable RaftStatus told;
    private BiConsumer<byte[], Consumer<byte[]>> forwarded = (_, _) -> {};

    /// @param shelf null without a keyspace
    record State(
            long index,
            long chain,
            long[] registers,
            @Nullable ShelfView shelf) {
        static final State EMPTY = new State(0, 0, new long[REGISTERS], null);

        State with(long newIndex, long entry, long revision, @Nullable ShelfView newShelf) {
            long[] copy = registers.clone();
            copy[(int) Long.remainderUnsigned(entry, REGISTERS)] = entry;
            return new State(newIndex, mix(chain ^ mix(entry + newIndex) ^ mix(revision)), copy, newShelf);
        }

        private static long mix(long value) {
            long mixed = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
            return mixed ^ (mixed >>> 27);
        }
    }

    /// @param files snapshot folders of this member's disk
    SimMachine(int member, SimJudge judge, Dice dice, TreeMap<Path, State> files, boolean keyspace) {
        shelf = keyspace ? new MemoryShelf() : null;
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
        become(durable);
        told = null;
    }

    void wipe() {
        become(State.EMPTY);
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
        now = next(index, term, value(entry));
        judge.applied(member, index, term, value(entry), now.chain());
        if (dice.oneIn(8)) durable = now;
        return index;
    }

    private State next(long index, long term, long entry) {
        MemoryShelf own = shelf;
        if (own == null) return now.with(index, entry, 0, null);
        Applied applied = rules.apply(index, term, new Batch(index, commands(entry)), own);
        return now.with(index, entry, applied.revision() + applied.events().size(), own.view());
    }

    /// What an entry asks of the keyspace: a little of everything, by its number.
    private static List<Command> commands(long entry) {
        long number = Math.abs(entry);
        Bytes key = Bytes.utf8("key" + number % REGISTERS);
        Bytes value = Bytes.utf8("value" + entry);
        return switch ((int) (number % 11)) {
            case 0 -> List.of(new Command.DeleteRange(KeyRange.single(key), false));
            case 1 -> List.of(new Command.LeaseGrant(number, 60_000), Command.Put.of(key, value));
            case 2 -> List.of(new Command.LeaseRevoke(number - 1));
            case 3 -> List.of(new Command.Compact(number / 3));
            case 4 -> List.of(new Command.Txn(List.of(), List.of(Command.Put.of(key, value)), List.of()));
            default -> List.of(Command.Put.of(key, value), Command.Put.of(Bytes.utf8("last"), value));
        };
    }

    private void become(State state) {
        now = state;
        MemoryShelf own = shelf;
        if (own == null) return;
        ShelfView view = state.shelf();
        own.restore(view == null ? new MemoryShelf().view() : view);
    }

    /// A hash over the whole keyspace; 0 without one.
    long digest() {
        MemoryShelf own = shelf;
        return own != null && rules.digest(own.view(), 0) instanceof Keyspace.Digest.Hash hash ? hash.hash() : 0;
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
        become(state);
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

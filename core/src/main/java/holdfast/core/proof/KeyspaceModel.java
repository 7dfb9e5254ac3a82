package holdfast.core.proof;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A keyspace of etcd v3: every write that changes something gets the next revision, every answer carries the store's
/// revision at that moment. So a place in the order is all but given by the answers, and the search is short.
public final class KeyspaceModel implements Model<KeyspaceModel.State> {
    private static final long UNKNOWN = -1;

    /// @param modRevision [#UNKNOWN] for a write whose answer was lost
    record Cell(String value, long modRevision, long createRevision) {}

    /// @param floor what comes next has at least this revision
    public record State(SortedMap<String, Cell> cells, long floor) {
        State with(List<Op.Change> changes, long revision) {
            SortedMap<String, Cell> after = new TreeMap<>(cells);
            for (Op.Change change : changes) {
                if (change.value() == null) {
                    after.remove(change.key());
                } else {
                    @Nullable Cell before = cells.get(change.key());
                    long created = before == null ? revision : before.createRevision();
                    after.put(change.key(), new Cell(change.value(), revision, created));
                }
            }
            return new State(Collections.unmodifiableSortedMap(after), Math.max(floor, revision));
        }

        State at(long revision) {
            return new State(cells, revision);
        }
    }

    private final long baseRevision;

    /// @param baseRevision of the empty keyspace that the history begins with
    public KeyspaceModel(long baseRevision) {
        this.baseRevision = baseRevision;
    }

    @Override
    public State initial() {
        return new State(Collections.emptySortedMap(), baseRevision);
    }

    @Override
    public @Nullable State after(State state, Call call) {
        return switch (call.op()) {
            case Op.Read read -> read(state, read, call.reply());
            case Op.Write write -> write(state, write, call.reply());
        };
    }

    private static @Nullable State read(State state, Op.Read read, Reply reply) {
        if (!(reply instanceof Reply.Done(boolean _, long revision, List<Reply.Found> found))) return state;
        if (revision < state.floor) return null;
        List<String> here = new ArrayList<>();
        for (String key : state.cells.keySet()) if (read.covers(key)) here.add(key);
        if (here.size() != found.size()) return null;
        State learned = state;
        for (int index = 0; index < found.size(); index++) {
            Reply.Found pair = found.get(index);
            @Nullable Cell cell = state.cells.get(here.get(index));
            if (cell == null
                    || !pair.key().equals(here.get(index))
                    || !pair.value().equals(cell.value())) return null;
            if (cell.modRevision() == UNKNOWN) learned = learned.with(List.of(putOf(pair)), pair.modRevision());
            else if (cell.modRevision() != pair.modRevision()) return null;
        }
        return learned.floor > revision ? null : learned.at(revision);
    }

    private static Op.Change putOf(Reply.Found pair) {
        return new Op.Change(pair.key(), pair.value());
    }

    private static @Nullable State write(State state, Op.Write write, Reply reply) {
        boolean holds = holds(state, write.guard());
        return switch (reply) {
            case Reply.Refused _ -> null;
            case Reply.Lost _ -> {
                if (!holds) yield null; // it changed nothing: no need to place it
                State after = state.with(write.changes(), UNKNOWN);
                yield new State(after.cells, state.floor);
            }
            case Reply.Done(boolean succeeded, long revision, var _) -> {
                if (succeeded != holds) yield null;
                if (!succeeded) yield revision < state.floor ? null : state.at(revision);
                yield revision <= state.floor ? null : state.with(write.changes(), revision);
            }
        };
    }

    private static boolean holds(State state, Op.Guard guard) {
        return switch (guard) {
            case Op.Guard.Always _ -> true;
            case Op.Guard.Present(String key) -> state.cells.containsKey(key);
            case Op.Guard.WrittenAt(String key, long revision) -> {
                @Nullable Cell cell = state.cells.get(key);
                yield revision == (cell == null ? 0 : cell.modRevision());
            }
        };
    }
}

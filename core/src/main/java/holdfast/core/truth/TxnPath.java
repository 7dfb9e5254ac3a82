package holdfast.core.truth;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The branch that a transaction takes, and those of the transactions inside it: all compares are judged
/// against the state before the first write (etcd v3 API, Txn).
///
/// @param nested one for each `Txn` among `ops`, in order
record TxnPath(boolean succeeded, List<Command.Op> ops, List<TxnPath> nested) {

    static TxnPath of(Command.Txn txn, Reader before) {
        boolean succeeded = txn.compares().stream().allMatch(before::holds);
        List<Command.Op> ops = succeeded ? txn.success() : txn.failure();
        List<TxnPath> nested = new ArrayList<>();
        for (Command.Op op : ops) if (op instanceof Command.Txn inner) nested.add(of(inner, before));
        return new TxnPath(succeeded, ops, nested);
    }

    @Nullable
    Refusal rangeRefusal(Reader before) {
        return firstRefusal(op -> op instanceof Command.Range range ? before.refusal(range.atRevision()) : null);
    }

    /// Asks about every operation that would run, in order; transactions are asked through what is inside.
    @Nullable
    Refusal firstRefusal(Judge judge) {
        Iterator<TxnPath> inner = nested.iterator();
        for (Command.Op op : ops) {
            Refusal refused = op instanceof Command.Txn ? inner.next().firstRefusal(judge) : judge.refusal(op);
            if (refused != null) return refused;
        }
        return null;
    }

    interface Judge {
        @Nullable
        Refusal refusal(Command.Op op);
    }

    /// @param run carries out one operation that is not a transaction
    Reply.Txned run(Function<Command.Op, Reply> run) {
        Iterator<TxnPath> inner = nested.iterator();
        List<Reply> replies = new ArrayList<>(ops.size());
        for (Command.Op op : ops)
            replies.add(op instanceof Command.Txn ? inner.next().run(run) : run.apply(op));
        return new Reply.Txned(succeeded, replies);
    }
}

package holdfast.core.proof;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Makes a history without an order smaller, so that a person can see why there is none. Every step keeps the proof
/// valid: what is left has no order only if the whole had none. First everything after the first answer that cannot be
/// is cut off; then calls are dropped that the rest does not depend on.
final class Shrinker<S> {
    private static final int[] CHUNKS = {64, 16, 4, 1};
    private static final int ROUNDS_MAX = 30;

    private final Model<S> model;
    private final long budgetSteps;

    Shrinker(Model<S> model, long budgetSteps) {
        this.model = model;
        this.budgetSteps = budgetSteps;
    }

    List<Call> smallest(List<Call> history) {
        List<Call> smaller = cut(history);
        for (int round = 0; round < ROUNDS_MAX; round++) {
            int before = smaller.size();
            for (int chunk : CHUNKS) smaller = drop(smaller, chunk);
            if (smaller.size() == before) break;
        }
        smaller.sort(Comparator.comparingLong(Call::invokedNanos));
        return List.copyOf(smaller);
    }

    private boolean isIllegal(List<Call> history) {
        return Linearizer.order(history, model, budgetSteps) == Linearizer.Order.NO;
    }

    /// The shortest beginning that has no order: a longer one has none either.
    private List<Call> cut(List<Call> history) {
        List<Long> ends = history.stream()
                .filter(call -> !call.isPending())
                .map(Call::returnedNanos)
                .sorted()
                .toList();
        int low = 0;
        int high = ends.size() - 1;
        while (low < high) {
            int middle = (low + high) / 2;
            if (isIllegal(until(history, ends.get(middle)))) high = middle;
            else low = middle + 1;
        }
        return ends.isEmpty() ? new ArrayList<>(history) : until(history, ends.get(low));
    }

    /// The history as it stood at a moment: later answers are not known yet.
    private static List<Call> until(List<Call> history, long nanos) {
        List<Call> early = new ArrayList<>();
        for (Call call : history) {
            if (call.invokedNanos() > nanos || call.reply() instanceof Reply.Refused) continue;
            if (call.isPending() || call.returnedNanos() <= nanos) early.add(call);
            else if (call.op() instanceof Op.Write) early.add(call.wrote() ? late(call) : call.forgotten());
        }
        return early;
    }

    private static Call late(Call call) {
        return new Call(call.client(), call.member(), call.op(), call.invokedNanos(), Call.NEVER, call.reply());
    }

    private List<Call> drop(List<Call> history, int chunk) {
        List<Call> left = new ArrayList<>(history);
        for (int from = left.size() - chunk; from > -chunk; from -= chunk) {
            int start = Math.max(0, from);
            List<Call> gone = List.copyOf(left.subList(start, Math.min(left.size(), from + chunk)));
            List<Call> rest = new ArrayList<>(left.subList(0, start));
            rest.addAll(left.subList(Math.min(left.size(), from + chunk), left.size()));
            if (gone.stream().allMatch(call -> isNoneOfTheirs(call, rest)) && isIllegal(rest)) left = rest;
        }
        return left;
    }

    /// Whether no answer in `rest` depends on `call` having happened: then an order of all, without it, is an order of
    /// the rest.
    private static boolean isNoneOfTheirs(Call call, List<Call> rest) {
        boolean mayHaveWritten = call.wrote() || call.reply() instanceof Reply.Lost;
        if (!(call.op() instanceof Op.Write write) || !mayHaveWritten) return true;
        return rest.stream()
                .filter(other -> mayFollow(call, other))
                .noneMatch(other -> write.changes().stream().anyMatch(change -> sees(other, change, revision(call))));
    }

    private static long revision(Call call) {
        return call.reply() instanceof Reply.Done done ? done.revision() : 0;
    }

    private static boolean mayFollow(Call call, Call other) {
        if (other.returnedNanos() < call.invokedNanos()) return false;
        return revision(call) == 0 || revision(other) == 0 || revision(other) >= revision(call);
    }

    private static boolean sees(Call other, Op.Change change, long revision) {
        return switch (other.op()) {
            case Op.Write(Op.Guard.WrittenAt(String key, long at), var _)
            when other.wrote() ->
                change.key().equals(key) && (revision == 0 || revision == at || (at == 0 && change.value() == null));
            case Op.Write(Op.Guard guard, var _) -> change.key().equals(Op.guarded(guard));
            case Op.Read read ->
                read.covers(change.key())
                        && other.reply() instanceof Reply.Done(boolean _, long _, var found)
                        && Objects.equals(valueOf(change.key(), found), change.value());
        };
    }

    private static @Nullable String valueOf(String key, List<Reply.Found> found) {
        for (Reply.Found pair : found) if (pair.key().equals(key)) return pair.value();
        return null;
    }
}

package holdfast.core.proof;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Looks for an order in which the calls could have happened one after the other: each between its call and its return,
/// each answer as the model gives it (Wing and Gong 1993, with the memory of states seen of Lowe 2017).
///
/// Calls without a return may take effect at any time after they were made, or never; they are tried last, since most
/// of them matter to nobody.
///
/// Worked example: `put x=1` lasts from 0 to 9, `read x -> 1` from 1 to 2, `read x -> nothing` from 3 to 4. Up to the
/// first return, at 2, the put and the first read may come first. The read first: the model says no. The put first,
/// then
/// the read: fine; but the second read finds no place any more. Back, nothing else to try: illegal.
public final class Linearizer {
    public sealed interface Verdict {
        record Legal() implements Verdict {}

        /// @param smallest a part of the history for which there is no order either, as small as could be found
        record Illegal(List<Call> smallest) implements Verdict {}

        /// Neither was found in so many steps.
        record OutOfBudget() implements Verdict {}
    }

    /// One moment of the list that is searched: a call, or its return.
    private static final class Moment {
        private final long nanos;
        private final int index;
        private final @Nullable Moment ofReturn; // null for a return
        private @Nullable Moment before;
        private @Nullable Moment after;

        Moment(long nanos, int index, @Nullable Moment ofReturn) {
            this.nanos = nanos;
            this.index = index;
            this.ofReturn = ofReturn;
        }
    }

    /// A call that was put next, and what to go back to.
    ///
    /// @param moment null for one without a return, whose place in the list of those is `lateIndex`
    private record Placed<S>(@Nullable Moment moment, int lateIndex, S before) {}

    private record Seen<S>(BitSet placed, S state) {}

    private Linearizer() {}

    /// @param budgetSteps most questions to the model, at least 1
    public static <S> Verdict check(List<Call> history, Model<S> model, long budgetSteps) {
        return switch (new Search<>(history, model, budgetSteps).run()) {
            case YES -> new Verdict.Legal();
            case NO -> new Verdict.Illegal(new Shrinker<>(model, budgetSteps).smallest(history));
            case GAVE_UP -> new Verdict.OutOfBudget();
        };
    }

    enum Order {
        YES,
        NO,
        GAVE_UP
    }

    /// Whether there is an order, without a smaller proof when there is none.
    static <S> Order order(List<Call> history, Model<S> model, long budgetSteps) {
        return new Search<>(history, model, budgetSteps).run();
    }

    private static final class Search<S> {
        private final List<Call> returned = new ArrayList<>();
        private final List<Call> late = new ArrayList<>();
        private final Model<S> model;
        private final Moment head = new Moment(Long.MIN_VALUE, -1, null);
        private final Deque<Placed<S>> stack = new ArrayDeque<>();
        private final Set<Seen<S>> seen = new LinkedHashSet<>();
        private final BitSet placed = new BitSet();
        private long stepsLeft;
        private S state;

        Search(List<Call> history, Model<S> model, long budgetSteps) {
            this.model = model;
            this.stepsLeft = budgetSteps;
            this.state = model.initial();
            for (Call call : history) {
                if (call.reply() instanceof Reply.Refused) continue;
                if (!call.isPending()) returned.add(call);
                else if (call.op() instanceof Op.Write) late.add(call); // a read without an answer says nothing
            }
            late.sort(Comparator.comparingLong(Call::invokedNanos));
            link();
        }

        private void link() {
            List<Moment> moments = new ArrayList<>();
            for (int index = 0; index < returned.size(); index++) {
                Moment end = new Moment(returned.get(index).returnedNanos(), index, null);
                moments.add(new Moment(returned.get(index).invokedNanos(), index, end));
                moments.add(end);
            }
            // at the same moment a call comes before a return: they overlapped
            moments.sort(Comparator.<Moment>comparingLong(moment -> moment.nanos)
                    .thenComparing(moment -> moment.ofReturn == null));
            Moment last = head;
            for (Moment moment : moments) {
                last.after = moment;
                moment.before = last;
                last = moment;
            }
        }

        Order run() {
            @Nullable Moment at = head.after;
            int lateIndex = 0;
            while (head.after != null) {
                if (stepsLeft <= 0) return Order.GAVE_UP;
                if (at != null && at.ofReturn != null) { // a call that may come next
                    if (place(returned.get(at.index), at, 0)) at = head.after;
                    else at = at.after;
                } else if (lateIndex < late.size() && late.get(lateIndex).invokedNanos() <= firstReturnNanos()) {
                    if (!placed.get(returned.size() + lateIndex) && place(late.get(lateIndex), null, lateIndex)) {
                        at = head.after;
                        lateIndex = 0;
                    } else {
                        lateIndex++;
                    }
                } else {
                    @Nullable Placed<S> undone = stack.poll();
                    if (undone == null) return Order.NO;
                    state = undone.before();
                    if (undone.moment() != null) {
                        unlift(undone.moment());
                        at = undone.moment().after;
                        lateIndex = 0;
                    } else {
                        placed.clear(returned.size() + undone.lateIndex());
                        at = null;
                        lateIndex = undone.lateIndex() + 1;
                    }
                }
            }
            return Order.YES;
        }

        private long firstReturnNanos() {
            for (@Nullable Moment at = head.after; at != null; at = at.after) if (at.ofReturn == null) return at.nanos;
            return Long.MAX_VALUE;
        }

        private boolean place(Call call, @Nullable Moment moment, int lateIndex) {
            stepsLeft--;
            @Nullable S next = model.after(state, call);
            if (next == null) return false;
            int bit = moment == null ? returned.size() + lateIndex : moment.index;
            placed.set(bit);
            if (!seen.add(new Seen<>((BitSet) placed.clone(), next))) {
                placed.clear(bit);
                return false;
            }
            stack.push(new Placed<>(moment, lateIndex, state));
            state = next;
            if (moment != null) lift(moment);
            return true;
        }

        private static void lift(Moment call) {
            unlink(call);
            if (call.ofReturn != null) unlink(call.ofReturn);
        }

        private static void unlink(Moment moment) {
            if (moment.before != null) moment.before.after = moment.after;
            if (moment.after != null) moment.after.before = moment.before;
        }

        private void unlift(Moment call) {
            placed.clear(call.index);
            if (call.ofReturn != null) relink(call.ofReturn);
            relink(call);
        }

        private static void relink(Moment moment) {
            if (moment.before != null) moment.before.after = moment;
            if (moment.after != null) moment.after.before = moment;
        }
    }
}

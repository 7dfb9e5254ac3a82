package holdfast.core.proof;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Dice;
import holdfast.core.proof.Linearizer.Order;
import holdfast.core.proof.Reply.Found;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The search against one that tries every order, and corners by hand.
final class LinearizerTest {
    private static final long BUDGET = 1_000_000;

    @Test
    void smallHistory_ofAnySeed_isJudgedAsByTryingEveryOrder() {
        int legal = 0;
        for (long seed = 0; seed < 20_000; seed++) {
            List<Call> history = anything(new Dice(seed));
            boolean exists = someOrder(history, new KeyspaceModel(1), new KeyspaceModel(1).initial());
            legal += exists ? 1 : 0;
            assertThat(Linearizer.order(history, new KeyspaceModel(1), BUDGET))
                    .as("seed %d: %s", seed, history)
                    .isEqualTo(exists ? Order.YES : Order.NO);
        }
        assertThat(legal).isBetween(1_000, 19_000);
    }

    @Test
    void smallerHistory_ofAnIllegalOne_isIllegalByTryingEveryOrder() {
        for (long seed = 0; seed < 5_000; seed++) {
            List<Call> history = anything(new Dice(seed));
            if (!(Linearizer.check(history, new KeyspaceModel(1), BUDGET)
                    instanceof Linearizer.Verdict.Illegal(List<Call> smallest))) continue;
            assertThat(smallest).hasSizeLessThanOrEqualTo(history.size());
            assertThat(someOrder(smallest, new KeyspaceModel(1), new KeyspaceModel(1).initial()))
                    .as("seed %d", seed)
                    .isFalse();
        }
    }

    @Test
    void lostWrite_thatSomebodyReadsLater_happened_andCannotBeUndone() {
        Call lost = new Call(1, "m1", Op.put("a", "v1"), 0, Call.NEVER, new Reply.Lost());
        Call none = read(5, 6, 1);
        Call seen = read(10, 11, 2, new Found("a", "v1", 2, 2));
        Call gone = read(20, 21, 2);

        assertThat(Linearizer.order(List.of(lost, none, seen), new KeyspaceModel(1), BUDGET))
                .isEqualTo(Order.YES);
        assertThat(Linearizer.order(List.of(lost, none, seen, gone), new KeyspaceModel(1), BUDGET))
                .isEqualTo(Order.NO);
    }

    @Test
    void search_withoutSteps_givesUp() {
        assertThat(Linearizer.check(List.of(read(1, 2, 1)), new KeyspaceModel(1), 0))
                .isInstanceOf(Linearizer.Verdict.OutOfBudget.class);
    }

    private static Call read(long from, long to, long revision, Found... found) {
        return new Call(1, "m1", new Op.Read("a", false), from, to, new Reply.Done(true, revision, List.of(found)));
    }

    /// Up to six calls on one key with answers that may or may not fit.
    private static List<Call> anything(Dice dice) {
        List<Call> calls = new ArrayList<>();
        int count = (int) dice.between(2, 6);
        for (int index = 0; index < count; index++) {
            long from = dice.between(0, 20);
            boolean lost = dice.oneIn(5);
            long to = lost ? Call.NEVER : from + dice.between(1, 15);
            boolean writes = dice.oneIn(2);
            Op op = switch (dice.nextInt(3)) {
                case 0 -> Op.put("a", "v" + index);
                case 1 -> Op.delete("a");
                default -> Op.swap("a", dice.nextInt(5), "v" + index);
            };
            Reply reply = new Reply.Done(dice.nextInt(4) > 0, dice.between(1, 5), List.of());
            if (!writes) {
                op = new Op.Read("a", false);
                long mod = dice.between(2, 4);
                Found pair = new Found("a", "v" + dice.nextInt(count), mod, mod);
                reply = new Reply.Done(true, dice.between(1, 5), dice.oneIn(3) ? List.of() : List.of(pair));
            }
            calls.add(new Call(index, "m1", op, from, to, lost ? new Reply.Lost() : reply));
        }
        return calls;
    }

    /// By brute force: any call may be next that began before every return that is left.
    private static boolean someOrder(List<Call> left, KeyspaceModel model, KeyspaceModel.State state) {
        if (left.stream().allMatch(Call::isPending)) return true;
        long firstReturn = left.stream().mapToLong(Call::returnedNanos).min().orElseThrow();
        for (Call call : left) {
            if (call.invokedNanos() > firstReturn) continue;
            KeyspaceModel.@Nullable State next = model.after(state, call);
            if (next == null) continue;
            List<Call> rest = new ArrayList<>(left);
            rest.remove(call);
            if (someOrder(rest, model, next)) return true;
        }
        return false;
    }
}

package holdfast.core.proof;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Judges a whole history: the search for an order of all calls, and what watches, leases and revisions say besides.
public final class HistoryJudge {
    /// Questions to the model that suffice for thousands of calls with answers; a search that needs more is hopeless.
    public static final long BUDGET_STEPS = 3_000_000;

    /// @param violations empty when every promise was kept
    /// @param decided false when the search for an order was given up
    public record Judgement(List<Violation> violations, boolean decided) {
        public boolean isGood() {
            return violations.isEmpty() && decided;
        }
    }

    private HistoryJudge() {}

    /// @param budgetSteps most questions to the model for each set of keys that belong together
    public static Judgement judge(History history, long budgetSteps) {
        Timeline timeline = Timeline.of(history);
        List<Violation> violations = new ArrayList<>(timeline.contradictions());
        boolean decided = true;
        for (List<Call> part : Partition.of(settle(history.calls(), timeline))) {
            switch (Linearizer.check(part, new KeyspaceModel(history.baseRevision()), budgetSteps)) {
                case Linearizer.Verdict.Legal _ -> {}
                case Linearizer.Verdict.OutOfBudget _ -> decided = false;
                case Linearizer.Verdict.Illegal(List<Call> smallest) ->
                    violations.add(new Violation(
                            "not-linearizable",
                            "These calls cannot have happened one after the other.",
                            smallest.stream().map(Call::toString).toList()));
            }
        }
        violations.addAll(new OrderJudge(history, timeline).judge());
        violations.addAll(new WatchJudge(timeline, history.endRevision()).judge(history.watches()));
        violations.addAll(LeaseJudge.judge(history.leases(), timeline));
        return new Judgement(List.copyOf(violations), decided);
    }

    /// Writes without an answer: whoever saw what they wrote tells when they happened; those that nobody saw, though
    /// the
    /// whole keyspace was watched to the end, did not happen before it. Deletes leave no such trace and stay open.
    private static List<Call> settle(List<Call> calls, Timeline timeline) {
        List<Call> settled = new ArrayList<>();
        for (Call call : calls) {
            if (!(call.reply() instanceof Reply.Lost) || !(call.op() instanceof Op.Write write)) {
                settled.add(call);
                continue;
            }
            List<String> values = write.changes().stream()
                    .map(Op.Change::value)
                    .filter(Objects::nonNull)
                    .toList();
            if (values.isEmpty()) {
                settled.add(call.forgotten());
                continue;
            }
            @Nullable Long revision = timeline.revisionOf(values.getFirst());
            if (revision != null) settled.add(call.happenedAt(revision));
        }
        return settled;
    }
}

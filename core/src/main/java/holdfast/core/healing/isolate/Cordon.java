package holdfast.core.healing.isolate;

import holdfast.core.base.Reason;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.locate.Diagnosis;
import java.util.List;

/// Chooses the lowest rungs that make the next step safe, within the budget of the pool.
public final class Cordon {
    private Cordon() {}

    public sealed interface Verdict {
        Reason why();

        /// Isolate with these rungs, in order.
        record Isolate(List<Isolation> rungs, Reason why) implements Verdict {
            public Isolate {
                rungs = List.copyOf(rungs);
            }
        }

        /// Recover it, but leave its endpoint: there is no healthy one to send clients to.
        record KeepRouting(Reason why) implements Verdict {}

        /// Neither isolate nor recover it now; ask again later, and at last a person.
        record Hold(Reason why) implements Verdict {}
    }

    /// What is surely dead is always isolated: it serves nobody. Anything else only within the budget, and never
    /// the last one that serves.
    public static Verdict choose(Diagnosis diagnosis, Budget budget) {
        return switch (diagnosis.mode()) {
            case HOST_DOWN ->
                isolate(
                        diagnosis.proven() ? List.of(Isolation.EJECT) : List.of(Isolation.EJECT, Isolation.AWAIT_LEASE),
                        diagnosis);
            case CUT_OFF, ONE_WAY -> isolate(List.of(Isolation.EJECT, Isolation.AWAIT_LEASE), diagnosis);
            case AGENT_DOWN ->
                new Verdict.KeepRouting(new Reason(
                        "still-serving", "Its instances still answer, so they stay in routing while its lease lasts."));
            case EXITED -> isolate(List.of(Isolation.EJECT), diagnosis);
            case FROZEN -> within(budget, List.of(Isolation.EJECT, Isolation.KILL), diagnosis);
            case FAILING, UNREACHABLE, NEVER_HEALTHY, ASKED, LEADER_LOST ->
                diagnosis.proven()
                        ? isolate(List.of(Isolation.EJECT), diagnosis)
                        : within(budget, List.of(Isolation.EJECT), diagnosis);
        };
    }

    private static Verdict isolate(List<Isolation> rungs, Diagnosis diagnosis) {
        boolean host = diagnosis.mode() == Mode.HOST_DOWN || rungs.contains(Isolation.AWAIT_LEASE);
        String sentence = host ? "Its instances were taken out of routing" : "It was taken out of routing";
        if (rungs.contains(Isolation.KILL)) sentence += ", and will be killed before it can wake";
        if (rungs.contains(Isolation.AWAIT_LEASE))
            sentence += "; nothing is started elsewhere before its lease is over";
        return new Verdict.Isolate(rungs, new Reason("isolated", sentence + "."));
    }

    private static Verdict within(Budget budget, List<Isolation> rungs, Diagnosis diagnosis) {
        if (budget.isolated() + 1 > budget.most()) {
            String sentence = budget.isolated() + " of " + budget.instances() + " are isolated already; at most "
                    + budget.most() + " may be (isolate-at-most " + budget.isolateAtMost() + ").";
            return new Verdict.Hold(new Reason("budget", sentence));
        }
        if (budget.healthyOthers() == 0) {
            String sentence = "It stays in routing: none of the other " + (budget.instances() - 1)
                    + " is healthy, so that clients would have nowhere to go.";
            return new Verdict.KeepRouting(new Reason("last-healthy", sentence));
        }
        return isolate(rungs, diagnosis);
    }
}

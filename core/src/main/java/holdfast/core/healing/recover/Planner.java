package holdfast.core.healing.recover;

import holdfast.core.base.Reason;
import holdfast.core.base.Require;
import holdfast.core.healing.fleet.Limits;
import holdfast.core.healing.fleet.Rung;
import java.util.ArrayList;
import java.util.List;

/// Walks the ladder: each rung once, in order, within the restart budget and with growing pauses.
public final class Planner {
    /// The pause before the second restart within `limits.per`; it doubles with each further one.
    static final long BACKOFF_FIRST_MILLIS = 1_000;

    static final long BACKOFF_MAX_MILLIS = 30_000;

    private Planner() {}

    public static Plan plan(Runbook runbook, Patient patient) {
        List<Rung> rungs = runbook.rungs();
        int index =
                patient.tried().isEmpty() ? 0 : rungs.indexOf(patient.tried().getLast()) + 1;
        List<String> skipped = new ArrayList<>();
        while (index < rungs.size()) {
            Plan plan = switch (rungs.get(index)) {
                case RESTART -> restart(patient, skipped);
                case MOVE -> move(patient, skipped);
                case HAND_OVER -> handOver(runbook, patient, skipped);
            };
            if (!(plan instanceof Plan.HandOver) || rungs.get(index) == Rung.HAND_OVER) return plan;
            skipped.add(plan.why().sentence());
            index++;
        }
        return handOver(runbook, patient, skipped);
    }

    /// How many of `times` lie within the limit's window.
    public static int used(List<Long> times, Limits limits, long nowMillis) {
        long windowMillis = limits.per().toMillis();
        return (int)
                times.stream().filter(time -> nowMillis - time < windowMillis).count();
    }

    private static Plan restart(Patient patient, List<String> skipped) {
        Limits limits = patient.assignment().spec().limits();
        String host = patient.assignment().host().name();
        if (!patient.hostUp()) return skip("host-down", "No restart on " + host + ", which is not up.");
        int used = used(patient.assignment().restartsMillis(), limits, patient.nowMillis());
        if (used >= limits.restarts()) {
            return skip(
                    "restart-budget",
                    "No restart: " + used + " of " + limits.restarts() + " within " + Require.say(limits.per())
                            + " are used.");
        }
        if (used > 0) {
            long backoffMillis = Math.min(BACKOFF_MAX_MILLIS, BACKOFF_FIRST_MILLIS << Math.min(used - 1, 20));
            long sinceMillis =
                    patient.nowMillis() - patient.assignment().restartsMillis().getLast();
            if (sinceMillis < backoffMillis) {
                return new Plan.Wait(
                        new Reason("backoff", "The next restart waits " + backoffMillis + " ms after the last."));
            }
        }
        return new Plan.Restart(new Reason(
                "restart",
                join(skipped) + "Restart on " + host + ", " + (used + 1) + " of " + limits.restarts() + " within "
                        + Require.say(limits.per()) + "."));
    }

    private static Plan move(Patient patient, List<String> skipped) {
        Limits limits = patient.assignment().spec().limits();
        String host = patient.assignment().host().name();
        int used = used(patient.assignment().movesMillis(), limits, patient.nowMillis());
        if (patient.hostUp() && used >= limits.restarts()) {
            return skip(
                    "move-budget",
                    "No move: " + used + " of " + limits.restarts() + " within " + Require.say(limits.per())
                            + " are used.");
        }
        if (!patient.hostUp() && !patient.safe()) {
            return new Plan.Wait(new Reason(
                    "unsafe", "Its former run on " + host + " may still serve, so no second one is started yet."));
        }
        if (patient.target().isEmpty()) {
            return patient.hostUp()
                    ? skip("nowhere", "No move: no other host is up and allowed.")
                    : new Plan.Wait(new Reason("no-host", "No host is up that could take it from " + host + "."));
        }
        return new Plan.Move(
                patient.target().get(),
                new Reason(
                        "move",
                        join(skipped) + "Move from " + host + " to "
                                + patient.target().get() + "."));
    }

    private static Plan handOver(Runbook runbook, Patient patient, List<String> skipped) {
        String tried = patient.tried().isEmpty()
                ? "nothing was tried"
                : String.join(" and ", patient.tried().stream().map(Rung::key).toList()) + " did not help";
        return new Plan.HandOver(new Reason(
                "ladder-used", join(skipped) + "A person is needed: " + tried + " (runbook " + runbook.name() + ")."));
    }

    private static Plan skip(String code, String sentence) {
        return new Plan.HandOver(new Reason(code, sentence));
    }

    private static String join(List<String> skipped) {
        return skipped.isEmpty() ? "" : String.join(" ", skipped) + " ";
    }
}

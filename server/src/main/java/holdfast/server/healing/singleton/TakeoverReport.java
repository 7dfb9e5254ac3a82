package holdfast.server.healing.singleton;

import holdfast.core.base.NodeId;
import holdfast.core.base.Ratio;
import holdfast.core.base.Reason;
import holdfast.core.healing.Incident;
import holdfast.core.healing.Incident.State;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.locate.Diagnosis;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A takeover as an incident, once the new one was seen to be well.
///
/// @param hosts that may be active, in the fleet's order: instance numbers count them from 1
/// @param former who was active before
/// @param present who is now, confirmed
record TakeoverReport(String service, List<NodeId> hosts, Tenure former, Tenure present) {
    /// Whether somebody who was active is so no more without having been asked.
    static boolean isDue(Tenure former) {
        return former.left() == null || former.trouble();
    }

    Incident incident() {
        Reason left = former.left();
        Part.Instance culprit = part(former.host());
        String cause = left == null
                ? "%s, which was active, let its lease end; %s took over.".formatted(former.host(), present.host())
                : "%s could not go on: %s %s took over.".formatted(former.host(), left.sentence(), present.host());
        Diagnosis diagnosis = new Diagnosis(
                culprit,
                left == null ? Mode.UNREACHABLE : left.code().equals("ended") ? Mode.EXITED : Mode.FAILING,
                left != null,
                List.of(),
                cause,
                Ratio.ONE,
                List.of(left == null ? "Its key was gone from the store." : left.sentence()));
        long since = present.sinceMillis();
        return new Incident(
                "singleton-%s-%010d".formatted(service, present.number()),
                State.CLOSED,
                culprit,
                diagnosis,
                List.of(),
                List.of(),
                new Incident.Times(since, since, since, since, since, present.confirmedMillis()),
                0,
                List.of(),
                List.of(gone(left), isolated(left), elected(), confirmed()));
    }

    private Incident.Entry gone(@Nullable Reason left) {
        String sentence = "The key of %s (fence %d) was gone from the store.".formatted(former.host(), former.fence());
        return entry(
                present.sinceMillis(),
                State.CONFIRMED,
                left == null ? new Reason("key-gone", sentence) : new Reason(left.code(), left.sentence()));
    }

    private Incident.Entry isolated(@Nullable Reason left) {
        String sentence = left == null
                ? "Its process was to end before its lease did, by the agent or its guard."
                : "Its process had ended before it let the key go.";
        return entry(present.sinceMillis(), State.ISOLATED, new Reason("process-over", sentence));
    }

    private Incident.Entry elected() {
        return entry(
                present.sinceMillis(),
                State.RECOVERING,
                new Reason("elected", "%s holds the key with fence %d.".formatted(present.host(), present.fence())));
    }

    private Incident.Entry confirmed() {
        return entry(
                present.confirmedMillis(),
                State.CLOSED,
                new Reason(
                        "active",
                        "%s was seen active %d ms after it held the key."
                                .formatted(present.host(), present.confirmedMillis() - present.sinceMillis())));
    }

    private static Incident.Entry entry(long atMillis, State state, Reason what) {
        return new Incident.Entry(atMillis, state, what);
    }

    private Part.Instance part(String host) {
        return new Part.Instance(service, Math.max(0, hosts.indexOf(new NodeId(host))) + 1);
    }
}

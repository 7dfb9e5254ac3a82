package holdfast.server.proof;

import holdfast.core.healing.Incident;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.locate.Diagnosis;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Holds what the loop said against what was really done.
final class Judge {
    private Judge() {}

    /// @param incidents all that were opened since the wound, oldest first
    /// @param healed whether all was well in the end
    static Verdict judge(
            Wound wound, List<Incident> incidents, boolean healed, int failedRequests, List<String> notes) {
        Optional<Incident> main = main(wound, incidents);
        List<String> remarks = new ArrayList<>(notes);
        boolean right = main.filter(wound::isNamedBy).isPresent();
        for (Incident other : incidents) {
            if (main.filter(other::equals).isPresent()) continue;
            // A change of leader is no accusation: it is seen in the ledger itself, and costs time.
            boolean handover = other.diagnosis().mode() == Mode.LEADER_LOST;
            remarks.add(handover ? "the loop's leader changed, too" : "also accused: " + said(other));
            right &= handover;
        }
        Incident.Times times = main.map(Incident::times).orElse(new Incident.Times(0, 0, 0, 0, 0, 0));
        boolean closed = !incidents.isEmpty()
                && incidents.stream().allMatch(incident -> incident.state() == Incident.State.CLOSED);
        return new Verdict(
                wound.hurt().key(),
                wound.sentence(),
                main.map(Judge::said).orElse("nothing"),
                right,
                healed && closed,
                after(wound, times.detected()),
                after(wound, times.isolated()),
                after(wound, times.recovered()),
                after(wound, times.verified()),
                failedRequests,
                remarks);
    }

    /// The one that names the truth, else the first.
    static Optional<Incident> main(Wound wound, List<Incident> incidents) {
        return incidents.stream()
                .filter(wound::isNamedBy)
                .findFirst()
                .or(() -> incidents.stream().findFirst());
    }

    private static String said(Incident incident) {
        Diagnosis diagnosis = incident.diagnosis();
        return diagnosis.culprit() + " " + diagnosis.mode();
    }

    private static long after(Wound wound, long atMillis) {
        return atMillis == 0 ? -1 : Math.max(0, atMillis - wound.atMillis());
    }
}

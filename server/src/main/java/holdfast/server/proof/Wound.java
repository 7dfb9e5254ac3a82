package holdfast.server.proof;

import holdfast.core.healing.Incident;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.fleet.Part;
import java.util.function.Predicate;

/// One fault as it was injected: the truth that a diagnosis is held against.
///
/// @param sentence what was done, to whom
/// @param culprit whether a diagnosed part is the one that was hurt
/// @param atMillis wall clock just before
/// @param undo puts right what nobody but the demo can (a pulled cable, a machine without power)
record Wound(Hurt hurt, String sentence, Predicate<Part> culprit, long atMillis, long atNanos, Runnable undo) {

    /// Whether the incident names the right part and the right trouble.
    boolean isNamedBy(Incident incident) {
        Mode said = incident.diagnosis().mode();
        return said == hurt.truth() && culprit.test(incident.diagnosis().culprit());
    }
}

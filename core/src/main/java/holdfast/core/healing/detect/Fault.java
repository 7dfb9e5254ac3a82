package holdfast.core.healing.detect;

import holdfast.core.healing.fleet.Part;
import java.util.List;

/// A verdict.
///
/// @param sinceNanos first symptom, on the loop's clock
/// @param proven whether it is surely dead: seen by its parent, or refused by the machine
/// @param evidence sentences with numbers, strongest first
public record Fault(Part subject, Mode mode, long sinceNanos, boolean proven, List<String> evidence) {
    public Fault {
        evidence = List.copyOf(evidence);
    }
}

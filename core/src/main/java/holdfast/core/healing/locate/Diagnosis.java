package holdfast.core.healing.locate;

import holdfast.core.base.Ratio;
import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.fleet.Part;
import java.util.List;

/// Who is to blame, and for what.
///
/// @param culprit the deepest failing part whose own dependencies are well
/// @param proven whether the culprit is surely dead (a parent or the machine said so)
/// @param hurt what suffers from it, the culprit itself left out
/// @param cause one sentence for people, naming the change for a bad deploy
/// @param evidence sentences with numbers, strongest first
public record Diagnosis(
        Part culprit,
        Mode mode,
        boolean proven,
        List<Part> hurt,
        String cause,
        Ratio confidence,
        List<String> evidence) {
    public Diagnosis {
        hurt = List.copyOf(hurt);
        evidence = List.copyOf(evidence);
    }
}

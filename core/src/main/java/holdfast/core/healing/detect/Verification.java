package holdfast.core.healing.detect;

import holdfast.core.base.NodeId;
import java.util.List;

/// Whether an instance may be called well again, and by whose word.
///
/// @param enough whether every host that should say so does
/// @param by hosts that found it well often enough in a row, in name order
/// @param sentence for people: who found what, and why fewer than two hosts had to be enough
public record Verification(boolean enough, List<NodeId> by, String sentence) {
    public Verification {
        by = List.copyOf(by);
    }
}

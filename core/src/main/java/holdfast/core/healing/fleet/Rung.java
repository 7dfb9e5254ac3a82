package holdfast.core.healing.fleet;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// One step of a recovery ladder, tried in the order of the fleet file; the next is tried when verification
/// failed.
public enum Rung {
    /// Kill what is left of it and start it again where it was.
    RESTART("restart"),
    /// Start it on another host.
    MOVE("move"),
    /// Tell a person, change nothing more. The end of every ladder.
    HAND_OVER("hand-over");

    private final String key;

    Rung(String key) {
        this.key = key;
    }

    /// As the fleet file writes it.
    public String key() {
        return key;
    }

    public static Optional<Rung> of(String key) {
        return Arrays.stream(values()).filter(rung -> rung.key.equals(key)).findFirst();
    }

    public static List<String> keys() {
        return Arrays.stream(values()).map(Rung::key).toList();
    }
}

package holdfast.core.healing.recover;

import holdfast.core.healing.detect.Mode;
import holdfast.core.healing.fleet.Rung;
import java.util.List;

/// The ladder that fits a fault, by name.
public record Runbook(String name, List<Rung> rungs) {
    public Runbook {
        rungs = List.copyOf(rungs);
    }

    /// @param recovery the service's own ladder
    public static Runbook of(Mode mode, List<Rung> recovery) {
        return switch (mode) {
            // Its instances still serve and nobody could stop them: a second copy would be worse.
            case AGENT_DOWN -> new Runbook("agent-down", List.of(Rung.HAND_OVER));
            case HOST_DOWN, CUT_OFF, ONE_WAY -> new Runbook("host-lost", recovery);
            case EXITED, FROZEN, FAILING, UNREACHABLE, NEVER_HEALTHY, ASKED, LEADER_LOST ->
                new Runbook("instance", recovery);
        };
    }
}

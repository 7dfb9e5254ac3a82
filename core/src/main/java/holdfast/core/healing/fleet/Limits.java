package holdfast.core.healing.fleet;

import holdfast.core.base.Ratio;
import holdfast.core.base.Require;
import java.time.Duration;

/// How much healing may do to one service. Keys live under `services.NAME.limits.`.
///
/// @param restarts most restarts of one instance within `per`, and as many moves of it; 0 to 100
/// @param isolateAtMost largest share of a service's instances out of routing at once for a fault that is not a
///     proven death; 1 % to 100 %, at least one instance in any case
public record Limits(int restarts, Duration per, Ratio isolateAtMost) {
    public static final Limits DEFAULT = new Limits(3, Duration.ofMinutes(10), Ratio.percent(50));

    public Limits {
        Require.between("restarts", restarts, 0, 100);
        Require.between("per", per, Duration.ofSeconds(1), Duration.ofDays(7));
        Require.that("isolate-at-most", isolateAtMost, isolateAtMost.perMillion() >= 10_000, "1 % to 100 %");
    }
}

package holdfast.core.healing.isolate;

import holdfast.core.base.Ratio;

/// The state of the pool that a culprit belongs to.
///
/// @param instances of the service, at least 1
/// @param isolated of them out of routing for a fault that is not a proven death, the culprit left out
/// @param healthyOthers in routing, the culprit left out
/// @param isolateAtMost share of `instances` that may be out of routing at once for such faults
public record Budget(int instances, int isolated, int healthyOthers, Ratio isolateAtMost) {

    /// How many may be out of routing at once: the share rounded down, but at least one, or a pool of one could
    /// never heal.
    public long most() {
        return Math.max(1, isolateAtMost.times(instances));
    }
}

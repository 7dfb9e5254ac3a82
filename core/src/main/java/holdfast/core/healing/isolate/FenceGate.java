package holdfast.core.healing.isolate;

import holdfast.core.base.Fence;
import holdfast.core.base.Reason;
import java.util.Optional;

/// The gate before every actuator: remembers the highest fence and refuses lower ones. One thread. Keep
/// [#highest] on disk before acting, and begin with it after a restart.
public final class FenceGate {
    private Fence highest;

    public FenceGate(Fence highest) {
        this.highest = highest;
    }

    /// Empty when admitted; else why not, with both numbers.
    public Optional<Reason> admit(Fence fence) {
        if (fence.compareTo(highest) < 0) {
            return Optional.of(new Reason(
                    "old-fence",
                    "The order carries epoch " + fence.epoch() + ", but epoch " + highest.epoch() + " has been here."));
        }
        highest = fence;
        return Optional.empty();
    }

    public Fence highest() {
        return highest;
    }
}

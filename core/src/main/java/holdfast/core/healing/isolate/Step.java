package holdfast.core.healing.isolate;

import holdfast.core.healing.fleet.Assignment;
import holdfast.core.healing.fleet.Part;

/// What an agent is to do. Each is done at most once for one action id.
public sealed interface Step {

    Part.Instance instance();

    /// Make `assignment.run` the running process. Whatever runs of this instance here is ended first: with
    /// SIGTERM and `spec.stopWithin` when `graceful`, else with SIGKILL. Done means that the process was started,
    /// not that it is well.
    record Start(Assignment assignment, boolean graceful) implements Step {
        @Override
        public Part.Instance instance() {
            return assignment.instance();
        }
    }

    /// End whatever runs of this instance here; nothing there is done already.
    ///
    /// @param graceful SIGTERM and `spec.stopWithin` first; else SIGKILL at once
    /// @param stopWithinNanos longest from SIGTERM to SIGKILL
    record Stop(Part.Instance instance, boolean graceful, long stopWithinNanos) implements Step {}
}

/// Plans the way back: which rung of the ladder, on which host, how often, and what counts as well again.
///
/// In: a `Diagnosis`, the fleet, assignments and hosts. Out: plans as values. Start reading at `Planner`.
@NullMarked
package holdfast.core.healing.recover;

import org.jspecify.annotations.NullMarked;

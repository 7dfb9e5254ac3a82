/// Chooses the lowest rung that makes the next step safe, within a budget, and guards every act with a fence.
///
/// In: a `Diagnosis` and the state of its pool. Out: a verdict of `Cordon`; [Action]s are what actuators get, and
/// they ask [FenceGate] first. Does not know what recovery will do.
@NullMarked
package holdfast.core.healing.isolate;

import org.jspecify.annotations.NullMarked;

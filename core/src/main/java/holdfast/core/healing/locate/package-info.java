/// Turns faults into the one part that explains them.
///
/// In: `Fault`s, a [Topology] and recent [Change]s. Out: [Diagnosis]es, none while the evidence is thin. Start
/// reading at `Locator`. Does not know what can be done about it.
@NullMarked
package holdfast.core.healing.locate;

import org.jspecify.annotations.NullMarked;

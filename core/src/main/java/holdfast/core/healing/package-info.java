/// The loop: from signals to a verified incident. Pure: inputs and the time go in, orders come out in the order in
/// which
/// they must happen.
///
/// In: [Input]s. Out: [Order]s. Start reading at `HealingLoop`. Does not know how anything is sensed, stored or
/// done.
@NullMarked
package holdfast.core.healing;

import org.jspecify.annotations.NullMarked;

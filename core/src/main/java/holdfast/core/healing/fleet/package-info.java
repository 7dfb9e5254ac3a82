/// What a fleet is meant to be: hosts, services, checks, ladders and limits, as records that cannot be wrong.
///
/// In: what the owner wrote. Out: values that were checked when they were made, and the difference of two fleets.
/// Start reading at [Fleet]; [Assignment] is what the loop made of it. The lowest room of healing: it knows no
/// other.
@NullMarked
package holdfast.core.healing.fleet;

import org.jspecify.annotations.NullMarked;

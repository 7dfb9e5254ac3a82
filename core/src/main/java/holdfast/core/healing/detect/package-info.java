/// Turns what was heard into who is at fault.
///
/// In: [Signal]s and the time. Out: [Fault]s, none while the evidence is thin, and [Probe]s to ask of witnesses.
/// Start reading at `Jury`.
///
/// Does not know `locate`, `isolate` or `recover`: whether a host is sick must not depend on what we can do about
/// it.
@NullMarked
package holdfast.core.healing.detect;

import org.jspecify.annotations.NullMarked;

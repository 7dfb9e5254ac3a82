/// Senses: probes of the world, and how what they say travels to the loop.
///
/// In: what to ask. Out: `Signal`s. Start reading at [Knock], then [SignalCodec]. Judges nothing: one bad
/// answer is a signal, not a fault.
@NullMarked
package holdfast.server.healing.sense;

import org.jspecify.annotations.NullMarked;

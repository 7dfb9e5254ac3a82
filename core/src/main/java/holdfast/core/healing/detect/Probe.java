package holdfast.core.healing.detect;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Part;

/// A question to a witness: can you reach it? Answered by a [Signal.Probed] with this id.
///
/// @param witness whose agent should knock
/// @param target `HOST:PORT` to open a TCP connection to
/// @param timeoutNanos after which the answer is TIMEOUT
public record Probe(String id, NodeId witness, Part subject, String target, long timeoutNanos) {}

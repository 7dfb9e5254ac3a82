package holdfast.core.healing.detect;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Part;

/// A question to a witness: can you reach it? Answered by a [Signal.Probed] with this id.
///
/// @param witness whose agent should knock
/// @param subject a host: open a TCP connection to its agent; an instance: make check number `check` of its
///     service
/// @param check index into the service's checks; 0 for a host
/// @param target `HOST:PORT` to connect to
/// @param timeoutNanos after which the answer is TIMEOUT
public record Probe(String id, NodeId witness, Part subject, int check, String target, long timeoutNanos) {}

/// The process on each host: keeps the host's lease, supervises instances, probes, tells the loop what it sees
/// and does what it is ordered.
///
/// In: orders and assignments from the store, questions from the loop. Out: signals, outcomes, processes. Start
/// reading at [Session]; [AgentParts] builds the room.
///
/// Two rules hold everywhere: nothing is done on an order that [holdfast.core.healing.isolate.FenceGate]
/// refuses, and nothing serves traffic while the host's lease is in doubt.
@NullMarked
package holdfast.server.healing.agent;

import org.jspecify.annotations.NullMarked;

/// Runs the loop on the node that was elected for it: inputs in, orders carried out in order, journal before act.
///
/// In: signals from agents, changes of the ledger. Out: guarded writes, questions. Start reading at
/// [HealingDriver]; [LoopParts] builds the room.
///
/// Knows the store through `client` and `ledger` only, so any etcd serves.
@NullMarked
package holdfast.server.healing;

import org.jspecify.annotations.NullMarked;

/// Another driver over the same sealed types: owns time, dice and the event queue, and runs real loops, keyspace,
/// leases, watches and fence gates against simulated hosts, links and clocks. A run replays from its seed.
///
/// In: a seed, a [Scenario], and for trying the invariants themselves a planted [Bug]. Out: [World#violations].
/// Start reading at [World]. The only room that imports every column. Not simulated: RocksDB, sockets, disks, the
/// Raft engine.
@NullMarked
package holdfast.core.proof.sim;

import org.jspecify.annotations.NullMarked;

/// Bytes that survive: the [holdfast.core.truth.Shelf] on RocksDB.
///
/// In: write sets and reads. Out: the state on disk, checkpoints of it, its size. Start reading at
/// [RocksShelf].
///
/// Writes no log of its own: the Raft log is the log. After a kill the state is that of the last flushed write
/// set, and the log's entries from there on are applied again. Does not know what the rows mean.
@NullMarked
package holdfast.server.truth.disk;

import org.jspecify.annotations.NullMarked;

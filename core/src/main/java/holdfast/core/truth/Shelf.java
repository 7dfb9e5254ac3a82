package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;

/// The ordered key-value seam below the keyspace: in memory for simulation, RocksDB on disk. Keys are already
/// prefixed with their table and space. One writer; readers use a [ShelfView].
public interface Shelf extends ShelfView {

    /// Writes that become visible together or not at all, in the order given.
    interface WriteSet {
        void put(Bytes key, Bytes value);

        void delete(Bytes key);

        void deleteRange(KeyRange range);
    }

    WriteSet newWriteSet();

    /// Makes the whole set visible at once. Durability follows the log: a crash may lose the newest sets, never
    /// part of one, and never an older one while a newer survives.
    void write(WriteSet set);

    /// The state as it is now. The caller closes it.
    ShelfView view();
}

package holdfast.server.truth.disk;

import holdfast.core.base.Require;

/// How much memory the store on disk may take: outside the heap the cache and up to [#MEMTABLES] memtables, on the
/// heap the rows read by key.
///
/// @param cacheBytes blocks, indexes and filters of files, 1 MiB to 64 GiB
/// @param memtableBytes writes gathered before they are flushed to a file, 64 KiB to 1 GiB
/// @param rowCacheBytes rows on the heap, 64 KiB to 64 GiB
public record DiskConfig(long cacheBytes, long memtableBytes, long rowCacheBytes) {
    /// One being written, the others being flushed: a write waits only when the disk is that far behind.
    static final int MEMTABLES = 6;

    /// The rows on the heap are those of 100,000 keys of 256 bytes; 104 MiB in all, and 72 while the
    /// disk keeps up.
    public static final DiskConfig DEFAULT = new DiskConfig(24 << 20, 8 << 20, 32 << 20);

    public DiskConfig {
        Require.between("store.cache-bytes", cacheBytes, 1 << 20, 64L << 30);
        Require.between("store.memtable-bytes", memtableBytes, 64 << 10, 1 << 30);
        Require.between("store.row-cache-bytes", rowCacheBytes, 64 << 10, 64L << 30);
    }
}

package holdfast.server.truth.disk;

import holdfast.core.base.Require;

/// How much memory outside the heap the store on disk may take: the cache, and up to [#MEMTABLES] memtables.
///
/// @param cacheBytes blocks, indexes and filters of files, 1 MiB to 64 GiB
/// @param memtableBytes writes gathered before they are flushed to a file, 64 KiB to 1 GiB
public record DiskConfig(long cacheBytes, long memtableBytes) {
    /// One being written, the others being flushed: a write waits only when the disk is that far behind.
    static final int MEMTABLES = 3;

    /// 56 MiB in all.
    public static final DiskConfig DEFAULT = new DiskConfig(32 << 20, 8 << 20);

    public DiskConfig {
        Require.between("store.cache-bytes", cacheBytes, 1 << 20, 64L << 30);
        Require.between("store.memtable-bytes", memtableBytes, 64 << 10, 1 << 30);
    }
}

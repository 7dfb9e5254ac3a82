package holdfast.server.truth;

import holdfast.core.truth.Stock;
import holdfast.server.truth.disk.RocksShelf;

/// How much room the store takes, as operators see it.
///
/// What is in use is what would be left if all files were rewritten now. The disk has an estimate of that, which
/// hears of what was removed only when files are merged and counts memory in whole blocks. What can be read is known
/// to the byte, and takes no more than so many copies of itself: the smaller of both is it.
///
/// @param totalBytes of the files, or in use where that is more since not everything is in files yet
record StoreSize(long totalBytes, long inUseBytes) {
    /// A version's key lies in three tables and its value in two at most; what lies around them is the third.
    private static final int COPIES_MAX = 3;

    /// For what the stock does not count: users, roles, members, records of our own.
    private static final long OTHER_BYTES = 64 << 10;

    static StoreSize of(RocksShelf.Size disk, Stock stock) {
        long inUse = Math.min(disk.liveBytes(), COPIES_MAX * stock.bytes() + OTHER_BYTES);
        return new StoreSize(Math.max(disk.diskBytes(), inUse), inUse);
    }
}

package holdfast.server.truth.disk;

import static java.util.stream.Collectors.joining;

import holdfast.core.base.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.CompressionType;
import org.rocksdb.DataBlockIndexType;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.SstFileReader;

/// One open database. A restore begins the next generation; this one stays open until its last reader has let
/// go, since a read of a closed database brings the process down.
final class Generation {
    private static final int BLOOM_BITS_PER_KEY = 10; // one false answer in a hundred
    private static final int OPEN_FILES_MAX = 512;
    private static final int BACKGROUND_JOBS = 2; // a flush is not to wait behind a compaction
    private static final long FILE_BYTES = 16 << 20;
    private static final long LEVEL_ONE_BYTES = 64 << 20;
    private static final int LEVEL_ZERO_FILES = 8; // of a memtable each: together as much as level one
    private static final long SYNC_BYTES = 1 << 20; // written back bit by bit, not in one stall
    private static final double MEMTABLE_BLOOM_SHARE = 0.05; // most keys of a fresh put are in no memtable
    private static final int MAX_LOG_FILES = 2;
    private static final int TABLE_FORMAT = 6;
    private static final String TABLE = ".sst";

    private final Path folder;
    private final RocksDB database;
    private final Options options;
    private final Cache cache;
    private final BloomFilter bloom;
    private int holders = 1;
    private boolean replaced;

    private Generation(Path folder, RocksDB database, Options options, Cache cache, BloomFilter bloom) {
        this.folder = folder;
        this.database = database;
        this.options = options;
        this.cache = cache;
        this.bloom = bloom;
    }

    /// The library must be loaded.
    static Generation open(Path folder, DiskConfig config) throws RocksDBException {
        Cache cache = new LRUCache(config.cacheBytes());
        BloomFilter bloom = new BloomFilter(BLOOM_BITS_PER_KEY);
        Options options = options(config, cache, bloom);
        try {
            return new Generation(folder, RocksDB.open(options, folder.toString()), options, cache, bloom);
        } catch (RocksDBException broken) {
            options.close();
            bloom.close();
            cache.close();
            throw broken;
        }
    }

    private static Options options(DiskConfig config, Cache cache, BloomFilter bloom) {
        BlockBasedTableConfig table = new BlockBasedTableConfig()
                .setBlockCache(cache)
                .setCacheIndexAndFilterBlocks(true)
                .setCacheIndexAndFilterBlocksWithHighPriority(true)
                .setPinL0FilterAndIndexBlocksInCache(true)
                .setFilterPolicy(bloom)
                .setDataBlockIndexType(DataBlockIndexType.kDataBlockBinaryAndHash)
                .setFormatVersion(TABLE_FORMAT);
        return new Options()
                .setCreateIfMissing(true)
                .setTableFormatConfig(table)
                .setWriteBufferSize(config.memtableBytes())
                .setMaxWriteBufferNumber(DiskConfig.MEMTABLES)
                .setMemtablePrefixBloomSizeRatio(MEMTABLE_BLOOM_SHARE)
                .setMemtableWholeKeyFiltering(true)
                .setTargetFileSizeBase(FILE_BYTES)
                .setMaxBytesForLevelBase(LEVEL_ONE_BYTES)
                .setLevel0FileNumCompactionTrigger(LEVEL_ZERO_FILES)
                .setCompressionType(CompressionType.NO_COMPRESSION) // a read would pay for it, again and again
                .setBottommostCompressionType(CompressionType.NO_COMPRESSION)
                .setMaxBackgroundJobs(BACKGROUND_JOBS)
                .setMaxOpenFiles(OPEN_FILES_MAX)
                .setBytesPerSync(SYNC_BYTES)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                .setKeepLogFileNum(MAX_LOG_FILES)
                .setStatsDumpPeriodSec(0);
    }

    RocksDB database() {
        return database;
    }

    Path folder() {
        return folder;
    }

    /// @return false when it is already closed
    synchronized boolean hold() {
        if (holders == 0) return false;
        holders++;
        return true;
    }

    /// Closes the database when nobody holds it any more, and removes its files if it was replaced.
    synchronized void letGo() {
        if (--holders > 0) return;
        database.close();
        options.close();
        bloom.close();
        cache.close();
        if (!replaced) return;
        try {
            Folders.remove(folder);
        } catch (IOException broken) {
            throw new UncheckedIOException("could not remove " + folder, broken);
        }
    }

    synchronized void replaced() {
        replaced = true;
    }

    ShelfBroken broken(RocksDBException cause) {
        return new ShelfBroken(why(folder, cause), cause);
    }

    /// @param under folder of the store, or one above it
    static Reason why(Path under, RocksDBException cause) {
        String message = cause.getMessage() == null ? "no reason given" : cause.getMessage();
        String code =
                switch (cause.getStatus() == null ? null : cause.getStatus().getCode()) {
                    case Corruption -> "store-damaged";
                    case IOError -> message.contains("lock") ? "store-locked" : "store-unwritable";
                    case null, default -> "store-failed";
                };
        String where = "";
        // RocksDB blames its manifest when a table's own index or properties are damaged.
        if (code.equals("store-damaged") && !message.contains(TABLE)) {
            List<Path> damaged = damagedTables(under);
            if (!damaged.isEmpty())
                where = " Damaged: " + damaged.stream().map(Path::toString).collect(joining(", ")) + ".";
        }
        return new Reason(code, "The store in " + under + " failed: " + message + "." + where);
    }

    /// Reads every table whole.
    private static List<Path> damagedTables(Path under) {
        try (Stream<Path> files = Files.walk(under)) {
            return files.filter(Generation::isTable)
                    .filter(Generation::isDamaged)
                    .sorted()
                    .toList();
        } catch (IOException | UncheckedIOException _) {
            return List.of(); // the reason given must do
        }
    }

    static boolean isTable(Path file) {
        return file.toString().endsWith(TABLE);
    }

    /// Reads the table whole.
    static boolean isDamaged(Path table) {
        try (Options options = new Options();
                SstFileReader reader = new SstFileReader(options)) {
            reader.open(table.toString());
            reader.verifyChecksum();
            return false;
        } catch (RocksDBException _) {
            return true;
        }
    }
}

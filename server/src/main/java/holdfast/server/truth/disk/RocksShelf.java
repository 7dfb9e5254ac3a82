package holdfast.server.truth.disk;

import holdfast.core.base.Bytes;
import holdfast.core.base.Check;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Reason;
import holdfast.core.truth.Shelf;
import holdfast.core.truth.ShelfView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.rocksdb.Checkpoint;
import org.rocksdb.FlushOptions;
import org.rocksdb.NativeLibraryLoader;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/// The shelf on disk. Every call runs on the caller's thread and may wait for the disk: platform threads only.
/// One thread writes and reads the shelf itself; only [#view], [#durableView], [#flush] and [#size] may be
/// called by others, and what `view` returned belongs to whoever called it.
///
/// There is no log here: the Raft log is the log. Writes gather in memory and reach the disk when a memtable is
/// full or [#flush] says so, in the order in which they were written. So what a `kill -9` leaves is the state
/// after some write set, whole, and since each write set holds its entry's index, the state says itself where
/// the log must go on: `Keyspace.tip(shelf).appliedIndex()` after [#open]. [#durableView] tells the same
/// beforehand, of a crash right now.
///
/// In `folder`: `state-N`, the highest N being the state, `incoming` while a restore is under way, `native` for
/// the library.
///
/// Any call throws [ShelfBroken] when the disk fails or lies; then the process must stop.
public final class RocksShelf implements Shelf {
    private static final String STATE = "state-";
    private static final String INCOMING = "incoming";
    private static final int SPARE_ROOM_BYTES_MAX = 1 << 20;
    private static final byte[] NONE = {};

    public sealed interface Opened {
        record Ready(RocksShelf shelf) implements Opened {}

        /// Damaged (`store-damaged`), in use by another process (`store-locked`), not writable
        /// (`store-unwritable`): says what and where.
        record Broken(Reason why) implements Opened {}
    }

    /// @param diskBytes bytes of files
    /// @param liveBytes bytes that a full compaction would leave, and what is not in files yet; an estimate
    public record Size(long diskBytes, long liveBytes) {}

    private final Path folder;
    private final DiskConfig config;
    private final WriteOptions unlogged =
            new WriteOptions().setDisableWAL(true).setMemtableInsertHintPerBatch(true); // a batch's rows are sorted
    private final RowCache cache;
    private final FlushOptions waiting = new FlushOptions().setWaitForFlush(true);
    private byte[] spareRoom = NONE; // of the write set before, since growing one for each is what costs
    private volatile Generation generation;
    private RowView now;
    private long number;
    private boolean closed;

    private RocksShelf(Path folder, DiskConfig config, long number, Generation generation) {
        this.folder = folder;
        this.config = config;
        this.number = number;
        this.generation = generation;
        this.now = RowView.ofNow(generation);
        this.cache = new RowCache(config.rowCacheBytes());
    }

    /// Opens or creates the store in `folder` with the usual memory.
    public static Opened open(Path folder) {
        return open(folder, DiskConfig.DEFAULT);
    }

    /// Opens or creates the store in `folder`, and removes what an interrupted [#restore] left.
    public static Opened open(Path folder, DiskConfig config) {
        try {
            Path library = Files.createDirectories(folder.resolve("native"));
            // Not into the temporary folder, where each killed process would leave a copy.
            NativeLibraryLoader.getInstance().loadLibrary(library.toString());
            long number = newestState(folder);
            Path state = Files.createDirectories(folder.resolve(STATE + number));
            return new Opened.Ready(new RocksShelf(folder, config, number, Generation.open(state, config)));
        } catch (RocksDBException broken) {
            return new Opened.Broken(Generation.why(folder, broken));
        } catch (IOException broken) {
            return new Opened.Broken(unwritable(folder, broken));
        }
    }

    /// Removes all states but the newest, whose number it returns, 1 when there is none.
    private static long newestState(Path folder) throws IOException {
        long newest = 1;
        for (Path entry : Folders.list(folder)) newest = Math.max(newest, numberOf(entry));
        for (Path entry : Folders.list(folder)) {
            long number = numberOf(entry);
            if ((number > 0 && number < newest) || entry.endsWith(INCOMING)) Folders.remove(entry);
        }
        return newest;
    }

    private static long numberOf(Path entry) {
        String name = entry.getFileName().toString();
        if (!name.startsWith(STATE)) return 0;
        try {
            return Long.parseLong(name.substring(STATE.length()));
        } catch (NumberFormatException _) {
            return 0; // somebody else's file
        }
    }

    /// Makes everything written so far survive a crash of process and machine. Waits for the disk.
    public void flush() {
        Generation held = hold();
        try {
            held.database().flush(waiting);
        } catch (RocksDBException broken) {
            throw held.broken(broken);
        } finally {
            held.letGo();
        }
    }

    /// Single rows as a crash right now would leave them: ask it for the applied index, which is at most the
    /// applied one of the shelf. A scan of it would see the rest, too. The caller closes it.
    public ShelfView durableView() {
        return RowView.ofDisk(hold());
    }

    /// Writes a durable copy of the state as it is now into `into`, which must not exist or be empty. Files are
    /// linked, so it costs a flush and little more.
    public void checkpoint(Path into) {
        try {
            Files.deleteIfExists(into);
            flush();
            try (Checkpoint checkpoint = Checkpoint.create(generation.database())) {
                checkpoint.createCheckpoint(into.toString());
            }
            CheckpointSums.add(into);
        } catch (RocksDBException broken) {
            throw generation.broken(broken);
        } catch (IOException broken) {
            throw new ShelfBroken(unwritable(into, broken), broken);
        }
    }

    /// What is not as [#checkpoint] wrote it, by file (`snapshot-damaged`); null when all of it is. Reads everything.
    ///
    /// @param each called before each file
    public static @Nullable Reason damage(Path checkpoint, Runnable each) {
        try {
            List<Path> damaged = CheckpointSums.damaged(checkpoint, each);
            if (damaged.isEmpty()) return null;
            String files = damaged.stream().map(Path::toString).collect(Collectors.joining(", "));
            return new Reason("snapshot-damaged", "The snapshot in " + checkpoint + " is damaged: " + files + ".");
        } catch (IOException broken) {
            return unwritable(checkpoint, broken);
        }
    }

    /// Reads every block of every file on disk, and throws [ShelfBroken] when one is not as it was written.
    public void verify() {
        Generation held = hold();
        try {
            held.database().verifyChecksum();
        } catch (RocksDBException broken) {
            throw held.broken(broken);
        } finally {
            held.letGo();
        }
    }

    /// Replaces the whole state by the checkpoint in `from`, which stays as it is. A crash in between leaves
    /// the old state or the new one. Views taken before go on reading the old one.
    public void restore(Path from) {
        Path incoming = folder.resolve(INCOMING);
        Path state = folder.resolve(STATE + (number + 1));
        try {
            Folders.remove(incoming);
            Folders.copy(from, incoming);
            Files.deleteIfExists(incoming.resolve(CheckpointSums.FILE)); // of a checkpoint, not of a state
            check(incoming); // a damaged one is to be found while the old state stands
            Generation old = generation;
            Files.move(incoming, state, StandardCopyOption.ATOMIC_MOVE); // from here on the new state counts
            Folders.sync(folder);
            generation = Generation.open(state, config);
            number++;
            now.close();
            now = RowView.ofNow(generation);
            cache.clear();
            old.replaced();
            old.letGo();
        } catch (RocksDBException broken) {
            @Nullable Reason damage = damage(from, () -> {});
            throw new ShelfBroken(damage == null ? Generation.why(state, broken) : damage, broken);
        } catch (IOException broken) {
            throw new ShelfBroken(unwritable(folder, broken), broken);
        }
    }

    /// Reads every block of every file: opening alone would not find a flipped bit.
    private void check(Path state) throws RocksDBException {
        Generation opened = Generation.open(state, config);
        try {
            opened.database().verifyChecksum();
        } finally {
            opened.letGo();
        }
    }

    /// Rewrites all files so that nothing deleted takes room. May take minutes; reads and writes go on.
    ///
    /// @return what is left
    public Size tidy() {
        Generation held = hold();
        try {
            held.database().compactRange();
            return sizeOf(held);
        } catch (RocksDBException broken) {
            throw held.broken(broken);
        } finally {
            held.letGo();
        }
    }

    public Size size() {
        Generation held = hold();
        try {
            return sizeOf(held);
        } catch (RocksDBException broken) {
            throw held.broken(broken);
        } finally {
            held.letGo();
        }
    }

    private static Size sizeOf(Generation held) throws RocksDBException {
        long memory = held.database().getLongProperty("rocksdb.cur-size-all-mem-tables");
        long disk = held.database().getLongProperty("rocksdb.total-sst-files-size");
        long live = held.database().getLongProperty("rocksdb.estimate-live-data-size");
        return new Size(disk, live + memory);
    }

    @Override
    public WriteSet newWriteSet() {
        byte[] lent = spareRoom;
        spareRoom = NONE;
        return new RowWrites(lent);
    }

    @Override
    public void write(WriteSet set) {
        Check.invariant(set instanceof RowWrites, "a write set of another shelf: %s", set.getClass());
        RowWrites rows = (RowWrites) set;
        try (WriteBatch batch = rows.toBatch()) {
            generation.database().write(unlogged, batch);
            rows.into(cache);
            if (rows.room().length <= SPARE_ROOM_BYTES_MAX) spareRoom = rows.room();
        } catch (RocksDBException broken) {
            throw generation.broken(broken);
        }
    }

    @Override
    public ShelfView view() {
        return RowView.ofSnapshot(hold());
    }

    @Override
    public @Nullable Bytes get(Bytes key) {
        long place = cache.find(key);
        if (place != RowCache.NOWHERE) return cache.row(place);
        Bytes value = now.get(key);
        cache.learn(key, value);
        return value;
    }

    @Override
    public void scan(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
        now.scan(range, visit);
    }

    @Override
    public void scanBackwards(KeyRange range, BiPredicate<Bytes, Bytes> visit) {
        now.scanBackwards(range, visit);
    }

    @Override
    public long count(KeyRange range) {
        return now.count(range);
    }

    /// Flushes and closes. Views that are still open keep the database open until they are closed.
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        flush();
        now.close();
        generation.letGo();
        unlogged.close();
        waiting.close();
    }

    /// The present generation, held: a restore may be replacing it at this moment.
    private Generation hold() {
        while (true) {
            Generation present = generation;
            if (present.hold()) return present;
            Check.invariant(present != generation, "the store in %s is closed", folder);
        }
    }

    private static Reason unwritable(Path folder, IOException cause) {
        return new Reason("store-unwritable", "The store in " + folder + " failed: " + cause + ".");
    }
}

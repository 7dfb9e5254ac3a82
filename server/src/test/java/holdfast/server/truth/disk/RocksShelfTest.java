package holdfast.server.truth.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Reason;
import holdfast.core.truth.Batch;
import holdfast.core.truth.Command;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.MemoryShelf;
import holdfast.core.truth.Reply;
import holdfast.core.truth.Shelf;
import holdfast.core.truth.ShelfView;
import holdfast.core.truth.Trial;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RocksShelfTest {
    private static final int PROGRAMS = 10_000;
    private static final int FLUSH_EVERY_PROGRAMS = 50;

    private final Keyspace keyspace = new Keyspace();
    private final List<RocksShelf> open = new ArrayList<>();

    @TempDir
    private Path folder;

    @AfterEach
    void closeAll() {
        open.forEach(RocksShelf::close);
    }

    @Test
    void rocksShelf_tenThousandRandomPrograms_agreeWithTheModel() {
        RocksShelf shelf = open(folder, new DiskConfig(1 << 20, 256 << 10, 64 << 10));
        AtomicLong number = new AtomicLong();

        int count = Trial.check(1, PROGRAMS, () -> {
            if (number.incrementAndGet() % FLUSH_EVERY_PROGRAMS == 0) shelf.flush();
            return new Compartment(Trial.prefix(number.get()), shelf);
        });

        assertThat(count).isEqualTo(PROGRAMS);
    }

    @Test
    void killedProcess_leavesTheLastFlushedState_fromWhichTheLogGoesOn() throws Exception {
        Process writer = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        DyingWriter.class.getName(),
                        folder.toString())
                .redirectErrorStream(true)
                .start();
        String said;
        try (BufferedReader output = writer.inputReader()) {
            said = output.lines()
                    .filter(line -> line.startsWith("durable"))
                    .findFirst()
                    .orElse("nothing");
            writer.destroyForcibly().waitFor();
        }
        RocksShelf shelf = open(folder);
        MemoryShelf whole = new MemoryShelf();

        assertThat(said).isEqualTo("durable " + DyingWriter.FLUSHED_INDEX);
        assertThat(keyspace.tip(shelf).appliedIndex()).isEqualTo(DyingWriter.FLUSHED_INDEX);
        assertThat(durableIndex(shelf)).isEqualTo(DyingWriter.FLUSHED_INDEX);
        for (long index = 1; index <= DyingWriter.LAST_INDEX; index++) {
            DyingWriter.apply(index, shelf); // skips what it has
            DyingWriter.apply(index, whole);
        }
        assertThat(keyspace.digest(shelf, 0)).isEqualTo(keyspace.digest(whole, 0));
    }

    @Test
    void close_flushes_soThatNothingIsLost() {
        RocksShelf shelf = open(folder);
        put(1, "a", "1", shelf);
        shelf.close();

        assertThat(value("a", open(folder))).isEqualTo("1");
    }

    @Test
    void durableIndex_followsFlushes_notWrites() {
        RocksShelf shelf = open(folder);
        put(1, "a", "1", shelf);
        assertThat(durableIndex(shelf)).isZero();
        shelf.flush();
        put(2, "a", "2", shelf);

        assertThat(durableIndex(shelf)).isEqualTo(1);
        assertThat(keyspace.tip(shelf).appliedIndex()).isEqualTo(2);
    }

    @Test
    void restore_replacesTheWholeState_andOldViewsReadOn() {
        RocksShelf shelf = open(folder.resolve("store"));
        put(1, "a", "old", shelf);
        Path checkpoint = folder.resolve("checkpoint");
        shelf.checkpoint(checkpoint);
        put(2, "a", "new", shelf);
        put(3, "b", "new", shelf);
        ShelfView before = shelf.view();

        shelf.restore(checkpoint);

        assertThat(keyspace.tip(shelf).appliedIndex()).isEqualTo(1);
        assertThat(value("a", shelf)).isEqualTo("old");
        assertThat(value("b", before)).isEqualTo("new");
        before.close();
        put(2, "c", "after", shelf);
        shelf.close();
        RocksShelf again = open(folder.resolve("store"));
        assertThat(value("c", again)).isEqualTo("after");
        assertThat(value("b", again)).isEqualTo("nothing");
        again.restore(checkpoint);
        assertThat(value("c", again)).isEqualTo("nothing");
    }

    @Test
    void restore_thatWasInterrupted_leavesTheOldState() throws IOException {
        RocksShelf shelf = open(folder);
        put(1, "a", "1", shelf);
        shelf.close();
        Path incoming = Files.createDirectory(folder.resolve("incoming"));
        Files.writeString(incoming.resolve("CURRENT"), "half a copy");

        RocksShelf again = open(folder);

        assertThat(value("a", again)).isEqualTo("1");
        assertThat(incoming).doesNotExist();
    }

    @Test
    void restore_ofADamagedCheckpoint_keepsTheOldState() throws IOException {
        RocksShelf shelf = open(folder.resolve("store"));
        put(1, "a", "1", shelf);
        Path checkpoint = folder.resolve("checkpoint");
        shelf.checkpoint(checkpoint);
        Files.writeString(checkpoint.resolve("CURRENT"), "nonsense\n");

        assertThatThrownBy(() -> shelf.restore(checkpoint)).isInstanceOf(ShelfBroken.class);
        assertThat(value("a", shelf)).isEqualTo("1");
    }

    @Test
    void damagedFile_isNamed() throws IOException {
        RocksShelf shelf = open(folder);
        for (int index = 1; index <= 2_000; index++) put(index, "key" + index, "value " + index, shelf);
        shelf.close();
        Path file = tables().getFirst();
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(100);
            bytes.write(new byte[64]);
        }
        RocksShelf damaged = open(folder);

        assertThatThrownBy(() -> damaged.scan(KeyRange.ALL, (_, _) -> true))
                .isInstanceOfSatisfying(ShelfBroken.class, broken -> {
                    assertThat(broken.reason().code()).isEqualTo("store-damaged");
                    assertThat(broken.reason().sentence())
                            .contains(file.getFileName().toString(), folder.toString());
                });
    }

    @Test
    void flippedBit_anywhereInATable_isNamedOrHarmless() throws IOException {
        RocksShelf shelf = open(folder);
        for (int index = 1; index <= 2_000; index++) put(index, "key" + index, "value " + index, shelf);
        List<String> all = all(shelf);
        shelf.close();
        Path file = tables().getFirst();
        byte[] whole = Files.readAllBytes(file);
        int named = 0;
        // the end holds footer, index and properties
        for (int at = whole.length - 1; at >= 0; at -= at > whole.length - 3_000 ? 97 : 9_973) {
            byte[] flipped = whole.clone();
            flipped[at] ^= 0x10;
            Files.write(file, flipped);
            Optional<Reason> why = firstFault(all);
            if (why.isEmpty()) continue;
            assertThat(why.get().sentence())
                    .as("byte %d of %d", at, whole.length)
                    .contains(file.getFileName().toString());
            named++;
        }
        assertThat(named).isGreaterThan(5);
    }

    /// Opens and reads everything, which must be `all` when nothing is said.
    private Optional<Reason> firstFault(List<String> all) {
        switch (RocksShelf.open(folder)) {
            case RocksShelf.Opened.Broken(Reason why) -> {
                return Optional.of(why);
            }
            case RocksShelf.Opened.Ready(RocksShelf shelf) -> {
                try (shelf) {
                    assertThat(all(shelf)).isEqualTo(all);
                    return Optional.empty();
                } catch (ShelfBroken broken) {
                    return Optional.of(broken.reason());
                }
            }
        }
    }

    private static List<String> all(RocksShelf shelf) {
        List<String> rows = new ArrayList<>();
        shelf.scan(KeyRange.ALL, (key, value) -> rows.add(key + "=" + value));
        return rows;
    }

    @Test
    void missingFile_isNamedAtOpen() throws IOException {
        RocksShelf shelf = open(folder);
        put(1, "a", "1", shelf);
        shelf.close();
        Path file = tables().getFirst();
        Files.delete(file);

        assertThat(RocksShelf.open(folder)).isInstanceOfSatisfying(RocksShelf.Opened.Broken.class, broken -> {
            assertThat(broken.why().code()).isEqualTo("store-damaged");
            assertThat(broken.why().sentence()).contains(file.getFileName().toString());
        });
    }

    @Test
    void openedTwice_saysThatItIsInUse() {
        open(folder);

        assertThat(RocksShelf.open(folder))
                .isInstanceOfSatisfying(
                        RocksShelf.Opened.Broken.class,
                        broken -> assertThat(broken.why().code()).isEqualTo("store-locked"));
    }

    @Test
    void size_growsWithTheData() {
        RocksShelf shelf = open(folder);
        RocksShelf.Size empty = shelf.size();
        for (int index = 1; index <= 500; index++) put(index, "key" + index, "x".repeat(1_000), shelf);
        shelf.flush();

        assertThat(shelf.size().diskBytes()).isGreaterThan(empty.diskBytes());
        assertThat(shelf.size().liveBytes()).isGreaterThan(empty.liveBytes());
    }

    @Test
    void writeSet_deletesRangesInOrder() {
        RocksShelf shelf = open(folder);
        Shelf.WriteSet set = shelf.newWriteSet();
        for (String key : List.of("a", "b", "c", "d")) set.put(Bytes.utf8(key), Bytes.utf8(key));
        set.deleteRange(new KeyRange(Bytes.utf8("b"), Bytes.utf8("d")));
        set.put(Bytes.utf8("c"), Bytes.EMPTY);
        shelf.write(set);

        assertThat(keys(shelf)).containsExactly("a", "c", "d");
        Shelf.WriteSet rest = shelf.newWriteSet();
        rest.deleteRange(KeyRange.from(Bytes.utf8("b")));
        shelf.write(rest);
        assertThat(keys(shelf)).containsExactly("a");
        assertThat(shelf.count(KeyRange.ALL)).isEqualTo(1);
    }

    static long durableIndex(RocksShelf shelf) {
        try (ShelfView durable = shelf.durableView()) {
            return new Keyspace().tip(durable).appliedIndex();
        }
    }

    private static List<String> keys(ShelfView view) {
        List<String> keys = new ArrayList<>();
        view.scan(KeyRange.ALL, (key, _) -> keys.add(key.utf8()));
        return keys;
    }

    private List<Path> tables() throws IOException {
        try (var files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".sst")).toList();
        }
    }

    private RocksShelf open(Path where) {
        return open(where, DiskConfig.DEFAULT);
    }

    private RocksShelf open(Path where, DiskConfig config) {
        if (!(RocksShelf.open(where, config) instanceof RocksShelf.Opened.Ready(RocksShelf shelf)))
            throw new AssertionError(RocksShelf.open(where, config));
        open.add(shelf);
        return shelf;
    }

    private void put(long index, String key, String value, Shelf shelf) {
        Command put = Command.Put.of(Bytes.utf8(key), Bytes.utf8(value));
        keyspace.apply(index, 1, new Batch(0, List.of(put)), shelf);
    }

    @Test
    void checkpoint_withAFlippedBitInAnyFile_namesThatFile() throws IOException {
        RocksShelf shelf = open(folder.resolve("shelf"), DiskConfig.DEFAULT);
        for (int number = 0; number < 500; number++) {
            Shelf.WriteSet set = shelf.newWriteSet();
            set.put(Bytes.utf8("key" + number), Bytes.utf8("value" + number));
            shelf.write(set);
        }
        Path checkpoint = folder.resolve("checkpoint");
        shelf.checkpoint(checkpoint);
        assertThat(RocksShelf.damage(checkpoint, () -> {})).isNull();

        List<Path> files = Folders.list(checkpoint);
        assertThat(files).hasSizeGreaterThan(4); // a table, what says which, the options, and the list of sums
        for (Path file : files) {
            byte[] whole = Files.readAllBytes(file);
            for (int part = 1; part < 8 && whole.length > 0; part++) { // the log that is not used is empty
                byte[] flipped = whole.clone();
                flipped[whole.length * part / 8] ^= 4;
                Files.delete(file); // a table is a link
                Files.write(file, flipped);
                Reason damage = RocksShelf.damage(checkpoint, () -> {});
                assertThat(damage).as("%s at %s eighths", file, part).isNotNull();
                boolean list = file.endsWith(CheckpointSums.FILE); // it may blame whom it misspells
                if (!list) assertThat(damage.sentence()).contains("is damaged: " + file + ".");
            }
            Files.delete(file);
            if (!file.endsWith(CheckpointSums.FILE))
                assertThat(RocksShelf.damage(checkpoint, () -> {})).isNotNull();
            Files.write(file, whole);
        }
        assertThat(RocksShelf.damage(checkpoint, () -> {})).isNull();
        shelf.verify();
    }

    private String value(String key, ShelfView view) {
        Reply reply = keyspace.range(Command.Range.of(KeyRange.single(Bytes.utf8(key))), view);
        List<holdfast.core.truth.KeyValue> pairs = ((Reply.Page) reply).pairs();
        return pairs.isEmpty() ? "nothing" : pairs.getFirst().value().utf8();
    }
}

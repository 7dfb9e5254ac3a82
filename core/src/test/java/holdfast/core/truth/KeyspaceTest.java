package holdfast.core.truth;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KeyspaceTest {
    private static final int PROGRAMS = 10_000;
    private static final int HUNT_PROGRAMS = 2_000;

    @Test
    void memoryShelf_tenThousandRandomPrograms_agreeWithTheModel() {
        assertThat(Trial.check(1, PROGRAMS, MemoryShelf::new)).isEqualTo(PROGRAMS);
    }

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void trial_withPlantedBug_findsIt(Flaw flaw) {
        assertThat(Trial.hunt(flaw, HUNT_PROGRAMS, MemoryShelf::new))
                .as("seed that finds %s", flaw)
                .isPositive();
    }

    @Test
    void digest_differsWhenAnyRowDiffers() {
        MemoryShelf shelf = new MemoryShelf();
        Keyspace keyspace = new Keyspace();
        for (long index = 1; index <= 20; index++) {
            Command put = Command.Put.of(Bytes.utf8("key" + index % 3), Bytes.utf8("value" + index));
            keyspace.apply(index, 1, new Batch(0, List.of(put)), shelf);
        }
        assertDigestCoversRows(keyspace, shelf, 3 + 20 + 20);
    }

    @Test
    void digest_afterCompaction_coversTheSecondCopyToo() {
        MemoryShelf shelf = new MemoryShelf();
        Keyspace keyspace = new Keyspace();
        for (long index = 1; index <= 20; index++) {
            Command put = Command.Put.of(Bytes.utf8("key" + index % 7), Bytes.utf8("value" + index));
            keyspace.apply(index, 1, new Batch(0, List.of(put)), shelf);
        }
        keyspace.apply(21, 1, new Batch(0, List.of(new Command.Compact(18))), shelf);
        while (keyspace.scrub(shelf, 3)) {}
        assertDigestCoversRows(
                keyspace, shelf, 7 + 10 + 10); // of history: 18 to 21, and six pairs that were alive at 18
    }

    /// Any bit of any of the `count` rows shows in the digest.
    private static void assertDigestCoversRows(Keyspace keyspace, MemoryShelf shelf, int count) {
        Keyspace.Digest whole = keyspace.digest(shelf, 0);
        List<Bytes> rows = new ArrayList<>();
        for (KeyRange table : List.of(Tables.ALL_CURRENT, Tables.ALL_VERSIONS, Tables.history(0, 0, 30)))
            shelf.scan(table, (row, _) -> rows.add(row));

        assertThat(rows).hasSize(count);
        for (Bytes row : rows) {
            MemoryShelf damaged = new MemoryShelf();
            damaged.restore(shelf.view());
            Shelf.WriteSet set = damaged.newWriteSet();
            byte[] value = shelf.get(row).toArray();
            value[value.length - 1] ^= 1;
            set.put(row, Bytes.wrap(value));
            damaged.write(set);
            assertThat(keyspace.digest(damaged, 0)).as("row %s", row).isNotEqualTo(whole);
        }
    }

    @Test
    void logMillis_neverFalls() {
        MemoryShelf shelf = new MemoryShelf();
        Keyspace keyspace = new Keyspace();
        keyspace.apply(1, 1, new Batch(2_000, List.of()), shelf);
        keyspace.apply(2, 1, new Batch(1_000, List.of()), shelf);

        assertThat(keyspace.tip(shelf)).isEqualTo(new Tip(2, 1, 2_000, 1, -1));
    }
}

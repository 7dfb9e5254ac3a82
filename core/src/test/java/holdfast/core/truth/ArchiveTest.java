package holdfast.core.truth;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A state turned into bytes and back is the same state.
final class ArchiveTest {
    private static final KeyRange MEMBERS = KeyRange.prefix(Bytes.utf8("member/"));

    private final Keyspace keyspace = new Keyspace();
    private final MemoryShelf shelf = new MemoryShelf();
    private long index;

    private void apply(Command... commands) {
        keyspace.apply(++index, 3, new Batch(1_000 + index, List.of(commands)), shelf);
    }

    private void fill() {
        apply(new Command.LeaseGrant(7, 60_000));
        for (int key = 0; key < 50; key++) apply(Command.Put.of(Bytes.utf8("k" + key % 20), Bytes.utf8("v" + key)));
        apply(new Command.Put(Bytes.utf8("leased"), Bytes.utf8("x"), 7, false, false, false));
        apply(new Command.DeleteRange(KeyRange.single(Bytes.utf8("k3")), false));
        apply(new Command.Compact(20));
        apply(new Command.SystemPut(Bytes.utf8("member/1"), Bytes.utf8("old")));
        apply(new Command.SystemPut(Bytes.utf8("other"), Bytes.utf8("kept")));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 100, 1 << 20})
    void state_throughAnArchiveInPiecesOfAnySize_isTheSame(int pieceBytes) {
        fill();
        MemoryShelf restored = restored(pieceBytes, new Archive.Remake(0, false, MEMBERS));

        assertThat(keyspace.tip(restored)).isEqualTo(keyspace.tip(shelf));
        assertThat(keyspace.digest(restored, 0)).isEqualTo(keyspace.digest(shelf, 0));
        assertThat(keyspace.leases(restored)).isEqualTo(keyspace.leases(shelf));
        assertThat(keyspace.attached(7, restored)).containsExactly(Bytes.utf8("leased"));
        assertThat(keyspace.system(KeyRange.ALL, restored)).containsOnlyKeys(Bytes.utf8("other"));
    }

    @Test
    void bumpedRevision_leavesEveryKeyAndCompactsWhatCameBefore() {
        fill();
        long revision = keyspace.tip(shelf).revision();
        MemoryShelf restored = restored(1_000, new Archive.Remake(500, true, MEMBERS));

        assertThat(keyspace.tip(restored).revision()).isEqualTo(revision + 500);
        assertThat(keyspace.range(Command.Range.of(KeyRange.ALL), restored))
                .isEqualTo(keyspace.range(Command.Range.of(KeyRange.ALL), shelf));
        Command.Range old = new Command.Range(KeyRange.ALL, revision, 0, Command.Sort.BY_KEY, false, false, 0, 0, 0, 0);
        assertThat(keyspace.range(old, restored)).isEqualTo(new Reply.Refused(Refusal.REVISION_COMPACTED));
        while (keyspace.scrub(restored, 5)) {}
        assertThat(keyspace.range(Command.Range.of(KeyRange.ALL), restored))
                .isEqualTo(keyspace.range(Command.Range.of(KeyRange.ALL), shelf));
    }

    @Test
    void head_thatIsNone_isNotTakenForOne() {
        assertThat(Archive.Head.decode(Bytes.wrap(new byte[Archive.HEAD_BYTES])))
                .isNull();
        assertThat(Archive.Head.decode(Bytes.utf8("HFSNAP01"))).isNull();
    }

    private MemoryShelf restored(int pieceBytes, Archive.Remake remake) {
        Archive archive = new Archive(shelf.view());
        MemoryShelf restored = new MemoryShelf();
        long rows = 0;
        long bytes = 0;
        for (Bytes piece = archive.next(pieceBytes); !piece.isEmpty(); piece = archive.next(pieceBytes)) {
            List<Archive.Entry> entries = entries(piece);
            rows += entries.size();
            bytes += piece.size();
            Archive.restore(entries, remake, restored);
        }
        assertThat(rows).isEqualTo(archive.head().rows());
        assertThat(bytes).isEqualTo(archive.head().rowBytes());
        assertThat(Archive.Head.decode(archive.head().encode())).isEqualTo(archive.head());
        Archive.settle(archive.head(), remake, restored);
        return restored;
    }

    private static List<Archive.Entry> entries(Bytes piece) {
        List<Archive.Entry> entries = new ArrayList<>();
        for (int at = 0; at < piece.size(); ) {
            Reel sizes = new Reel(piece, at);
            int key = sizes.fixedInt();
            int value = sizes.fixedInt();
            int start = at + Archive.ROW_BYTES;
            entries.add(
                    new Archive.Entry(piece.slice(start, start + key), piece.slice(start + key, start + key + value)));
            at = start + key + value;
        }
        return entries;
    }
}

package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.Check;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A whole state as bytes: every row of the shelf, so all revisions that can still be read, leases, users and roles.
/// Whoever takes the rows back has the same state at the same revision.
///
/// A head of [#HEAD_BYTES], then each row as the sizes of key and value (4 bytes each, big-endian), key, value, in key
/// order.
public final class Archive {
    public static final int HEAD_BYTES = 64;

    /// Bytes of a row beside key and value.
    public static final int ROW_BYTES = 8;

    private static final Bytes MAGIC = Bytes.utf8("HFSNAP01");

    /// What lies ahead of the rows.
    ///
    /// @param revision of the state; `compactRevision` -1 when it was never compacted
    /// @param appliedIndex the last entry of the log in it, of `appliedTerm`
    /// @param rows and `rowBytes`, all that follows
    /// @param changes versions of keys, deletes included: what etcd counts as keys of a snapshot
    public record Head(
            long revision,
            long compactRevision,
            long appliedIndex,
            long appliedTerm,
            long rows,
            long rowBytes,
            long changes) {
        public Bytes encode() {
            return new Pen(HEAD_BYTES)
                    .run(MAGIC)
                    .fixed(revision)
                    .fixed(compactRevision)
                    .fixed(appliedIndex)
                    .fixed(appliedTerm)
                    .fixed(rows)
                    .fixed(rowBytes)
                    .fixed(changes)
                    .done();
        }

        /// Null for what is no head of an archive.
        public static @Nullable Head decode(Bytes bytes) {
            if (bytes.size() != HEAD_BYTES || !bytes.startsWith(MAGIC)) return null;
            Reel reel = new Reel(bytes, MAGIC.size());
            return new Head(
                    reel.fixedLong(),
                    reel.fixedLong(),
                    reel.fixedLong(),
                    reel.fixedLong(),
                    reel.fixedLong(),
                    reel.fixedLong(),
                    reel.fixedLong());
        }
    }

    private final ShelfView view;
    private final Head head;
    private @Nullable Bytes last;
    private boolean done;

    /// @param view stands still until the archive is read to its end
    public Archive(ShelfView view) {
        this.view = view;
        this.head = count(view);
    }

    public Head head() {
        return head;
    }

    private static Head count(ShelfView view) {
        long[] counted = new long[3];
        view.scan(KeyRange.ALL, (key, value) -> {
            counted[0]++;
            counted[1] += ROW_BYTES + key.size() + value.size();
            if (Tables.isHistory(key)) counted[2]++;
            return true;
        });
        Tip tip = Tip.of(view);
        return new Head(
                tip.revision(),
                tip.compactRevision(),
                tip.appliedIndex(),
                tip.appliedTerm(),
                counted[0],
                counted[1],
                counted[2]);
    }

    /// The next rows, as many as make up `bytesAbout`, one at least; empty at the end.
    public Bytes next(int bytesAbout) {
        if (done) return Bytes.EMPTY;
        Pen pen = new Pen(bytesAbout + bytesAbout / 8);
        KeyRange left = last == null ? KeyRange.ALL : KeyRange.from(last.next());
        int[] bytes = {0};
        done = true;
        view.scan(left, (key, value) -> {
            pen.fixed(key.size()).fixed(value.size()).run(key).run(value);
            bytes[0] += ROW_BYTES + key.size() + value.size();
            last = key;
            done = bytes[0] < bytesAbout;
            return done;
        });
        return pen.done();
    }

    /// A row out of an archive.
    public record Entry(Bytes key, Bytes value) {}

    /// How a state is changed on its way back, since its cluster is a new one.
    ///
    /// @param bump added to the revision, so that no revision that clients of the old cluster saw comes again
    /// @param compacted whether everything below the revision counts as compacted, so that old watchers hear of it
    /// @param forgotten records of the system space that the new cluster writes anew
    public record Remake(long bump, boolean compacted, KeyRange forgotten) {}

    /// Writes rows to an empty shelf, those that the remake leaves.
    public static void restore(List<Entry> rows, Remake remake, Shelf shelf) {
        Shelf.WriteSet set = shelf.newWriteSet();
        List<Entry> kept = new ArrayList<>();
        for (Entry row : rows) {
            if (!Tables.system(remake.forgotten()).contains(row.key())) kept.add(row);
        }
        for (Entry row : kept) set.put(row.key(), row.value());
        shelf.write(set);
    }

    /// The last step: says where the restored state stands.
    ///
    /// @return the index and term of the log that it stands for, from 1
    public static Tip settle(Head head, Remake remake, Shelf shelf) {
        Tip found = Tip.of(shelf);
        Check.invariant(found.revision() == head.revision(), "the rows are of revision %d", found.revision());
        long revision = found.revision() + remake.bump();
        Tip tip = new Tip(
                Math.max(1, found.appliedIndex()),
                Math.max(1, found.appliedTerm()),
                found.logMillis(),
                revision,
                remake.compacted() ? revision : found.compactRevision());
        Shelf.WriteSet set = shelf.newWriteSet();
        set.put(Tables.TIP, tip.encode());
        shelf.write(set);
        return tip;
    }
}

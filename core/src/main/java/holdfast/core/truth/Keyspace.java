package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The replicated rules of etcd's keyspace: one entry of the log in, replies and events out, everything that it changes
/// in one write set. Holds no state of its own: all of it lies on the [Shelf], so a restored shelf needs no new
/// keyspace, and reads may run on any thread over a [ShelfView].
public final class Keyspace {

    /// Applies one log entry. Its data, leases, revision, log clock, term and applied index become visible together.
    ///
    /// @param index from 1, rising; at or below the applied one the entry is skipped and the answer has no replies
    /// @param term the entry's term; never falls. A [Command.LeaseExpire] of an earlier term does nothing
    public Applied apply(long index, long term, Batch batch, Shelf shelf) {
        throw new UnsupportedOperationException();
    }

    /// Where the state of `view` stands; [Tip#FRESH] when nothing was ever applied.
    public Tip tip(ShelfView view) {
        throw new UnsupportedOperationException();
    }

    /// @return [Reply.Page], or [Reply.Refused] with `REVISION_COMPACTED` or `REVISION_IN_FUTURE`
    public Reply range(Command.Range range, ShelfView view) {
        throw new UnsupportedOperationException();
    }

    /// A transaction that holds ranges only, nested ones included.
    ///
    /// @return [Reply.Txned] or [Reply.Refused]
    public Reply read(Command.Txn txn, ShelfView view) {
        throw new UnsupportedOperationException();
    }

    /// Whether both branches hold ranges only, nested ones included: then [#read] serves it without the log.
    public static boolean isReadOnly(Command.Txn txn) {
        throw new UnsupportedOperationException();
    }

    /// Replays changes of `range` from `fromRevision` to at most `toRevision`, both inclusive. Stops after the revision
    /// in which `maxEvents` were reached, or when many rows that do not match were passed; look at
    /// `throughRevision`.
    public History history(long fromRevision, long toRevision, KeyRange range, int maxEvents, ShelfView view) {
        throw new UnsupportedOperationException();
    }

    /// All leases in id order.
    public List<Lease> leases(ShelfView view) {
        throw new UnsupportedOperationException();
    }

    public @Nullable Lease lease(long id, ShelfView view) {
        throw new UnsupportedOperationException();
    }

    /// Keys attached to a lease, in key order.
    public List<Bytes> attached(long leaseId, ShelfView view) {
        throw new UnsupportedOperationException();
    }

    /// Removes up to `maxRows` rows of history that nobody can read any more, in one write set. Each member does this
    /// when it likes, between batches, on the thread that applies: no reply depends on it.
    ///
    /// @return whether there is more to remove
    public boolean scrub(Shelf shelf, int maxRows) {
        throw new UnsupportedOperationException();
    }

    /// What [#digest] found. Equal on all members at equal revision and compact revision.
    public sealed interface Digest {
        record Hash(long hash, long revision, long compactRevision) implements Digest {}

        record Refused(Refusal why) implements Digest {}
    }

    /// A hash over every readable version up to `revision` (0 means the newest). Does not depend on how far [#scrub]
    /// has come. Reads everything: run it on a reader thread.
    public Digest digest(ShelfView view, long revision) {
        throw new UnsupportedOperationException();
    }
}

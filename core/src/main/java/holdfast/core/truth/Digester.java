package holdfast.core.truth;

import holdfast.core.base.Bytes;
import org.jspecify.annotations.Nullable;

/// Hashes what can be read at the revisions from the compact one up to a given one: every change in between
/// with its place in the versions table, and every pair that lives at the end. Each row is hashed alone and the
/// hashes are added up, so that tables are read in the order in which they lie.
///
/// Current values may have moved on since: a pair that was replaced after the given revision is found through
/// the change that replaced it. So the sum is the same however far the member has come, and however far its
/// scrubbing.
///
/// A pair older than the compact revision lies twice, in the current table and in history, and only the first is
/// part of that sum. The second is held against the first: once scrubbing is done, history below the compact
/// revision holds exactly the pairs that still live and those that a later change replaced, and so do the two
/// other tables, so that three sums must be equal. If they are not, this member's hash is made to differ.
final class Digester {
    private static final long FNV_OFFSET = 0xcbf29ce484222325L; // Fowler, Noll, Vo: FNV-1a, 64 bits
    private static final long FNV_PRIME = 0x100000001b3L;
    private static final long DAMAGED = 0x5bd1e995_9e3779b9L;

    private final ShelfView view;
    private final long atRevision;
    private final long compactRevision;
    private long sum;
    private long oldRows; // history below the compact revision, less what the current table and later changes say
    private long oldVersions; // the versions table there, less what history says

    private Digester(ShelfView view, long atRevision, long compactRevision) {
        this.view = view;
        this.atRevision = atRevision;
        this.compactRevision = compactRevision;
    }

    static Keyspace.Digest of(ShelfView view, long revision) {
        Tip tip = Tip.of(view);
        Refusal refused = new Reader(view, tip).refusal(revision);
        if (refused != null) return new Keyspace.Digest.Refused(refused);
        long at = revision <= 0 ? tip.revision() : revision;
        Digester digester = new Digester(view, at, tip.compactRevision());
        long from = Math.max(0, tip.compactRevision());
        boolean comparable = from > 0 && Scrub.isDone(view);
        if (comparable) view.scan(Tables.history(0, 0, from - 1), digester::old);
        view.scan(Tables.history(from, 0, at), digester::changed);
        view.scan(Tables.history(at + 1, 0, tip.revision()), digester::replacedLater);
        view.scan(Tables.ALL_CURRENT, digester::current);
        view.scan(Tables.ALL_VERSIONS, digester::version);
        boolean damaged = comparable && (digester.oldRows != 0 || digester.oldVersions != 0);
        return new Keyspace.Digest.Hash(digester.sum ^ (damaged ? DAMAGED : 0), at, tip.compactRevision());
    }

    private boolean old(Bytes place, Bytes encoded) {
        Change change = Change.decode(encoded);
        oldRows += hash(Tables.current(change.key()), change.row().encode());
        Bytes version = Tables.version(change.key(), Tables.revisionOfHistory(place), Tables.subOfHistory(place));
        oldVersions -= hash(version, change.row().gone() ? Tables.DELETED : Tables.LIVING);
        return true;
    }

    private boolean changed(Bytes place, Bytes encoded) {
        Change change = Change.decode(encoded);
        sum += hash(place, encoded);
        if (livedAtCompaction(change)) sum += before(change);
        return true;
    }

    private boolean replacedLater(Bytes place, Bytes encoded) {
        Change change = Change.decode(encoded);
        boolean lived = livedAtCompaction(change);
        if (change.beforeRevision() == 0 || change.beforeRevision() > atRevision) return true;
        sum += lived ? before(change) : hashBefore(change);
        return true;
    }

    private boolean livedAtCompaction(Change change) {
        return change.beforeRevision() != 0
                && change.beforeRevision() < compactRevision
                && change.row().modRevision() > compactRevision;
    }

    /// Of a pair below the compact revision.
    private long before(Change change) {
        long hash = hashBefore(change);
        oldRows -= hash;
        return hash;
    }

    private long hashBefore(Change change) {
        @Nullable Bytes before = view.get(Tables.history(change.beforeRevision(), change.beforeSub()));
        if (before == null) return 0; // it is damaged, and the sum of this member is another one
        return hash(Tables.current(change.key()), Change.decode(before).row().encode());
    }

    private boolean current(Bytes place, Bytes row) {
        long revision = Row.decode(row).modRevision();
        if (revision > atRevision) return true;
        long hash = hash(place, row);
        sum += hash;
        if (revision < compactRevision) oldRows -= hash;
        return true;
    }

    private boolean version(Bytes place, Bytes kind) {
        long revision = Tables.revisionOfVersion(place);
        if (revision < compactRevision) oldVersions += hash(place, kind);
        else if (revision <= atRevision) sum += hash(place, kind);
        return true;
    }

    private static long hash(Bytes place, Bytes row) {
        long hash = mix(mix(FNV_OFFSET, place) ^ row.size(), row);
        return hash ^ (hash >>> 32);
    }

    private static long mix(long hash, Bytes run) {
        long mixed = hash;
        for (byte next : run.unsafeArray()) mixed = (mixed ^ (next & 0xff)) * FNV_PRIME;
        return mixed;
    }
}

package holdfast.core.truth;

import holdfast.core.base.Bytes;

/// Hashes what can be read at the revisions from the compact one up to a given one: every change in between
/// with its place in the versions table, and every pair that lives at the end. Each row is hashed alone and the
/// hashes are added up, so that tables are read in the order in which they lie.
///
/// Current values may have moved on since: a pair that was replaced after the given revision is found through
/// the change that replaced it. So the sum is the same however far the member has come, and however far its
/// scrubbing. Not covered: the second copy, in history, of a pair that is older than the compact revision and
/// still lives.
final class Digester {
    private static final long FNV_OFFSET = 0xcbf29ce484222325L; // Fowler, Noll, Vo: FNV-1a, 64 bits
    private static final long FNV_PRIME = 0x100000001b3L;

    private final ShelfView view;
    private final long atRevision;
    private final long compactRevision;
    private long sum;

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
        view.scan(Tables.history(from, 0, at), digester::changed);
        view.scan(Tables.history(at + 1, 0, tip.revision()), digester::replacedLater);
        view.scan(Tables.ALL_CURRENT, digester::current);
        view.scan(Tables.ALL_VERSIONS, digester::version);
        return new Keyspace.Digest.Hash(digester.sum, at, tip.compactRevision());
    }

    private boolean changed(Bytes place, Bytes encoded) {
        Change change = Change.decode(encoded);
        add(place, encoded);
        boolean beforeIsOld = change.beforeRevision() != 0 && change.beforeRevision() < compactRevision;
        if (beforeIsOld && change.row().modRevision() > compactRevision) addBefore(change); // it lived until here
        return true;
    }

    private boolean replacedLater(Bytes place, Bytes encoded) {
        Change change = Change.decode(encoded);
        if (change.beforeRevision() != 0 && change.beforeRevision() <= atRevision) addBefore(change);
        return true;
    }

    private void addBefore(Change change) {
        Bytes before = view.get(Tables.history(change.beforeRevision(), change.beforeSub()));
        if (before != null) // else it is damaged, and the sum of this member is another one
        add(Tables.current(change.key()), Change.decode(before).row().encode());
    }

    private boolean current(Bytes place, Bytes row) {
        if (Row.decode(row).modRevision() <= atRevision) add(place, row);
        return true;
    }

    private boolean version(Bytes place, Bytes kind) {
        long revision = Tables.revisionOfVersion(place);
        if (revision >= compactRevision && revision <= atRevision) add(place, kind);
        return true;
    }

    private void add(Bytes place, Bytes row) {
        long hash = mix(mix(FNV_OFFSET, place) ^ row.size(), row);
        sum += hash ^ (hash >>> 32);
    }

    private static long mix(long hash, Bytes run) {
        long mixed = hash;
        for (byte next : run.unsafeArray()) mixed = (mixed ^ (next & 0xff)) * FNV_PRIME;
        return mixed;
    }
}

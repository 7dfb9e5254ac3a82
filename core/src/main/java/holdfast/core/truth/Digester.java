package holdfast.core.truth;

import holdfast.core.base.Bytes;

/// Hashes what can be read at the revisions from the compact one up to a given one. The newest version of a key
/// is hashed from current values where it still stands there, so damage on either side shows.
final class Digester {
    private static final long FNV_OFFSET = 0xcbf29ce484222325L; // Fowler, Noll, Vo: FNV-1a, 64 bits
    private static final long FNV_PRIME = 0x100000001b3L;

    private final ShelfView view;
    private final long atRevision;
    private final long compactRevision;
    private Bytes stem = Bytes.EMPTY;
    private boolean newest;
    private boolean floored;
    private long hash = FNV_OFFSET;

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
        view.scan(Tables.ALL_VERSIONS, digester::look);
        return new Keyspace.Digest.Hash(digester.hash, at, tip.compactRevision());
    }

    private boolean look(Bytes row, Bytes kind) {
        Bytes itsStem = row.slice(0, row.size() - Tables.STAMP_BYTES);
        if (!itsStem.equals(stem)) {
            stem = itsStem;
            newest = true;
            floored = false;
        }
        long revision = Tables.revisionOfVersion(row);
        if (revision > atRevision) return true;
        boolean readable = revision >= compactRevision || (!floored && kind.at(0) != 0);
        if (revision <= compactRevision) floored = true; // whatever is older than this one was replaced in time
        if (readable) mix(row, revision);
        newest = false;
        return true;
    }

    private void mix(Bytes row, long revision) {
        int sub = Tables.subOfVersion(row);
        add(row);
        Bytes change = view.get(Tables.history(revision, sub));
        if (change == null) add(revision); // damage, on this member only
        else add(change);
        if (!newest) return;
        Bytes current = view.get(Tables.current(Tables.keyOfVersion(row)));
        Row standing = current == null ? null : Row.decode(current);
        if (standing != null && standing.modRevision() == revision && standing.sub() == sub) add(standing.value());
        else if (change != null) add(Change.decode(change).row().value());
    }

    private void add(Bytes run) {
        for (byte next : run.unsafeArray()) hash = (hash ^ (next & 0xff)) * FNV_PRIME;
        add(run.size());
    }

    private void add(long number) {
        hash = (hash ^ number) * FNV_PRIME;
        hash ^= hash >>> 32; // so that the high bits of a number reach the low ones
    }
}

package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;

/// Where each kind of row lies: a byte for the table, a byte for the space, then the table's own key.
///
/// | table | key | value |
/// | --- | --- | --- |
/// | `TIP` | | [Tip] |
/// | `CURRENT` | key | the newest [Row], absent when deleted; in the system space the bare value |
/// | `HISTORY` | revision, sub | [Change]: key, the version before, [Row] |
/// | `VERSIONS` | escaped key, inverted revision and sub | 1 for a put, 0 for a delete |
/// | `LEASES` | lease id | granted milliseconds |
/// | `ATTACHED` | lease id, key | |
/// | `SCRUB` | | how far [Scrub] has come |
/// | `STOCK` | | [Stock] |
/// | `AUTH` | | [AuthRows.State] |
/// | `AUTH_USERS` | name | [AuthRows.User] |
/// | `AUTH_ROLES` | name | permissions |
///
/// `VERSIONS` finds the version of a key that stood at some revision: newest first, so that the first one at or
/// below the revision is it. Keys differ in length there, so they end in 0 1, and a 0 inside is written 0 255:
/// after that, `a` still sorts before `a0` and `ab`. Worked example: key `61 00` at revision 2, sub 0 is `04 01
/// | 61 00 ff | 00 01 | ff ff ff ff ff ff ff fd | ff ff ff ff`.
final class Tables {
    /// Our own rows, not of any protocol.
    static final int SYSTEM = 0;

    static final int ETCD = 1;

    /// Bytes of revision and sub at the end of a `VERSIONS` key.
    static final int STAMP_BYTES = 12;

    /// Values of the versions table.
    static final Bytes DELETED = Bytes.copyOf(new byte[] {0});

    static final Bytes LIVING = Bytes.copyOf(new byte[] {1});

    private static final int TIP_TABLE = 1;
    private static final int CURRENT = 2;
    private static final int HISTORY = 3;
    private static final int VERSIONS = 4;
    private static final int LEASES = 5;
    private static final int ATTACHED = 6;
    private static final int SCRUB_TABLE = 7;
    private static final int STOCK_TABLE = 8;
    private static final int AUTH_TABLE = 20;
    private static final int AUTH_USERS = 21;
    private static final int AUTH_ROLES = 22;
    private static final int PREFIX_BYTES = 2;

    static final Bytes TIP = new Pen(2).raw(TIP_TABLE).raw(SYSTEM).done();
    static final Bytes SCRUB = new Pen(2).raw(SCRUB_TABLE).raw(ETCD).done();
    static final Bytes STOCK = new Pen(2).raw(STOCK_TABLE).raw(ETCD).done();
    static final KeyRange ALL_CURRENT =
            KeyRange.prefix(new Pen(2).raw(CURRENT).raw(ETCD).done());
    static final KeyRange ALL_VERSIONS =
            KeyRange.prefix(new Pen(2).raw(VERSIONS).raw(ETCD).done());
    static final KeyRange ALL_LEASES =
            KeyRange.prefix(new Pen(2).raw(LEASES).raw(ETCD).done());

    static final Bytes AUTH = new Pen(2).raw(AUTH_TABLE).raw(SYSTEM).done();
    static final KeyRange ALL_AUTH_USERS =
            KeyRange.prefix(new Pen(2).raw(AUTH_USERS).raw(SYSTEM).done());
    static final KeyRange ALL_AUTH_ROLES =
            KeyRange.prefix(new Pen(2).raw(AUTH_ROLES).raw(SYSTEM).done());

    private Tables() {}

    static Bytes current(Bytes key) {
        return new Pen(PREFIX_BYTES + key.size())
                .raw(CURRENT)
                .raw(ETCD)
                .run(key)
                .done();
    }

    static KeyRange current(KeyRange range) {
        Bytes end = range.end();
        return new KeyRange(
                current(range.start()),
                end == null
                        ? new Pen(2).raw(CURRENT).raw(ETCD + 1).done()
                        : current(end)); // the next space begins there
    }

    static Bytes system(Bytes key) {
        return new Pen(PREFIX_BYTES + key.size())
                .raw(CURRENT)
                .raw(SYSTEM)
                .run(key)
                .done();
    }

    static KeyRange system(KeyRange range) {
        Bytes end = range.end();
        return new KeyRange(
                system(range.start()),
                end == null ? new Pen(2).raw(CURRENT).raw(SYSTEM + 1).done() : system(end));
    }

    /// Serves every space.
    static Bytes keyOfCurrent(Bytes row) {
        return row.slice(PREFIX_BYTES, row.size());
    }

    static Bytes history(long revision, int sub) {
        return new Pen(14).raw(HISTORY).raw(ETCD).fixed(revision).fixed(sub).done();
    }

    /// @param toRevision inclusive
    static KeyRange history(long fromRevision, int fromSub, long toRevision) {
        return new KeyRange(history(fromRevision, fromSub), history(toRevision + 1, 0));
    }

    static boolean isHistory(Bytes row) {
        return row.at(0) == HISTORY;
    }

    static long revisionOfHistory(Bytes row) {
        return new Reel(row, PREFIX_BYTES).fixedLong();
    }

    static int subOfHistory(Bytes row) {
        return new Reel(row, PREFIX_BYTES + 8).fixedInt();
    }

    /// What all versions of one key begin with.
    static Bytes versionStem(Bytes key) {
        return stem(key, new Pen(PREFIX_BYTES + key.size() + 2 + STAMP_BYTES)).done();
    }

    static Bytes version(Bytes key, long revision, int sub) {
        return stem(key, new Pen(PREFIX_BYTES + key.size() + 2 + STAMP_BYTES))
                .fixed(~revision)
                .fixed(~sub)
                .done();
    }

    static KeyRange versions(KeyRange range) {
        Bytes end = range.end();
        return new KeyRange(versionStem(range.start()), end == null ? ALL_VERSIONS.end() : versionStem(end));
    }

    /// Versions of one key between two revisions, both inclusive; backwards they rise.
    static KeyRange versions(Bytes key, long fromRevision, long toRevision) {
        return new KeyRange(
                stem(key, new Pen(64)).fixed(~toRevision).done(),
                stem(key, new Pen(64)).fixed(~(fromRevision - 1)).done());
    }

    static Bytes keyOfVersion(Bytes row) {
        int end = row.size() - STAMP_BYTES - 2;
        Pen key = new Pen(end - PREFIX_BYTES);
        for (int index = PREFIX_BYTES; index < end; index++) {
            key.raw(row.at(index));
            if (row.at(index) == 0) index++;
        }
        return key.done();
    }

    static long revisionOfVersion(Bytes row) {
        return ~new Reel(row, row.size() - STAMP_BYTES).fixedLong();
    }

    static int subOfVersion(Bytes row) {
        return ~new Reel(row, row.size() - 4).fixedInt();
    }

    static Bytes lease(long id) {
        return new Pen(10).raw(LEASES).raw(ETCD).fixed(id).done();
    }

    static long idOfLease(Bytes row) {
        return new Reel(row, PREFIX_BYTES).fixedLong();
    }

    static Bytes attached(long leaseId, Bytes key) {
        return new Pen(10 + key.size())
                .raw(ATTACHED)
                .raw(ETCD)
                .fixed(leaseId)
                .run(key)
                .done();
    }

    static KeyRange attached(long leaseId) {
        return KeyRange.prefix(attached(leaseId, Bytes.EMPTY));
    }

    static Bytes keyOfAttached(Bytes row) {
        return row.slice(PREFIX_BYTES + 8, row.size());
    }

    static Bytes authUser(Bytes name) {
        return new Pen(2 + name.size()).raw(AUTH_USERS).raw(SYSTEM).run(name).done();
    }

    static Bytes authRole(Bytes name) {
        return new Pen(2 + name.size()).raw(AUTH_ROLES).raw(SYSTEM).run(name).done();
    }

    static Bytes nameOfAuth(Bytes row) {
        return row.slice(PREFIX_BYTES, row.size());
    }

    private static Pen stem(Bytes key, Pen pen) {
        pen.raw(VERSIONS).raw(ETCD);
        for (int index = 0; index < key.size(); index++) {
            byte next = key.at(index);
            pen.raw(next);
            if (next == 0) pen.raw(0xff);
        }
        return pen.raw(0).raw(1);
    }
}

package holdfast.core.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.Check;

/// One version of one key as it lies on the shelf.
///
/// On the shelf: flags, then create and mod revision, sub, version and lease as numbers, then the value up to
/// the end. A flag is also how a field of another protocol will say that it stands between lease and value.
///
/// @param sub place among the writes of its revision, from 0
/// @param gone a delete: only `modRevision` and `sub` mean anything
record Row(long createRevision, long modRevision, int sub, long version, long lease, Bytes value, boolean gone) {
    private static final int GONE = 1;

    static Row gone(long modRevision, int sub) {
        return new Row(0, modRevision, sub, 0, 0, Bytes.EMPTY, true);
    }

    KeyValue pair(Bytes key) {
        return new KeyValue(key, value, createRevision, modRevision, version, lease);
    }

    Bytes encode() {
        return into(new Pen(32 + value.size())).done();
    }

    Pen into(Pen pen) {
        return pen.raw(gone ? GONE : 0)
                .number(createRevision)
                .number(modRevision)
                .number(sub)
                .number(version)
                .number(lease)
                .run(value);
    }

    static Row decode(Bytes bytes) {
        return decode(new Reel(bytes, 0));
    }

    static Row decode(Reel reel) {
        int flags = reel.raw();
        Check.invariant((flags & ~GONE) == 0, "damaged row, or one of a newer program: flags %d", flags);
        return new Row(
                reel.number(),
                reel.number(),
                (int) reel.number(),
                reel.number(),
                reel.number(),
                reel.rest(),
                (flags & GONE) != 0);
    }
}

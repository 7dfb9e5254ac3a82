package holdfast.core.truth;

import holdfast.core.base.Bytes;

/// A row of the history table: one write of one key, and where the version before it lies.
///
/// @param beforeRevision 0 when the key did not exist
/// @param beforeBytes what the version before counts in the [Stock], so that removing it need not read it
record Change(Bytes key, long beforeRevision, int beforeSub, long beforeBytes, Row row) {

    Bytes encode() {
        Pen pen = new Pen(48 + key.size() + row.value().size());
        pen.number(key.size()).run(key).number(beforeRevision).number(beforeSub).number(beforeBytes);
        return row.into(pen).done();
    }

    static Change decode(Bytes bytes) {
        Reel reel = new Reel(bytes, 0);
        return new Change(
                reel.run((int) reel.number()), reel.number(), (int) reel.number(), reel.number(), Row.decode(reel));
    }

    /// The key alone, for whoever skips most rows.
    static Bytes keyOf(Bytes bytes) {
        Reel reel = new Reel(bytes, 0);
        return reel.run((int) reel.number());
    }
}

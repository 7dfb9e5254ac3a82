package holdfast.core.truth;

import holdfast.core.base.Bytes;

/// Who asks, as the door found out.
///
/// @param user empty for nobody
/// @param authRevision the auth revision that the door knew, 0 for nobody, -1 for the server itself
public record Caller(Bytes user, long authRevision) {
    /// Brought neither token nor certificate.
    public static final Caller NOBODY = new Caller(Bytes.EMPTY, 0);

    /// The server itself: it may do everything.
    public static final Caller HOUSE = new Caller(Bytes.EMPTY, -1);

    public boolean isHouse() {
        return authRevision == -1;
    }
}

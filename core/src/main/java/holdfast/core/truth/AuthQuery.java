package holdfast.core.truth;

import holdfast.core.base.Bytes;

/// Asks about users and roles. Only root may, but everybody may ask about himself and the roles that he has.
public sealed interface AuthQuery {
    /// Answered by [Reply.OfAuth.Status].
    record Status() implements AuthQuery {}

    /// Answered by [Reply.OfAuth.Names].
    record Users() implements AuthQuery {}

    /// Answered by [Reply.OfAuth.Names].
    record Roles() implements AuthQuery {}

    /// Answered by the [Reply.OfAuth.Names] of his roles.
    record User(Bytes user) implements AuthQuery {}

    /// Answered by [Reply.OfAuth.Permissions].
    record Role(Bytes role) implements AuthQuery {}
}

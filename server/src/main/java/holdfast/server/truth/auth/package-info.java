/// What proves who somebody is: passwords and tokens.
///
/// In: passwords and tokens as clients bring them, and how a server is told to handle them. Out: hashes, names of
/// users,
/// new tokens. Start reading at [AuthConfig].
///
/// Does not know users' roles, the log or any protocol.
@NullMarked
package holdfast.server.truth.auth;

import org.jspecify.annotations.NullMarked;

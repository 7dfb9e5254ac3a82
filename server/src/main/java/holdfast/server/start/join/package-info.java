/// Lets new hosts in: one-time tokens, the desk that admits, and the call of the joiner (docs/decisions/0004-join.md).
///
/// Start reading at [JoinDesk]. Knows the store through its client only.
@NullMarked
package holdfast.server.start.join;

import org.jspecify.annotations.NullMarked;

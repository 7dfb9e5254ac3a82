/// The store as one object, and what drives it: proposals in, replies and events out.
///
/// Start reading at [Store]. Doors translate protocols into it; `raft` orders, `disk` keeps.
@NullMarked
package holdfast.server.truth;

import org.jspecify.annotations.NullMarked;

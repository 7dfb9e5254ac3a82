/// The only clock, the only threads, mailboxes and metrics.
///
/// Start reading at [Driver]. Knows nothing of any column.
@NullMarked
package holdfast.server.base;

import org.jspecify.annotations.NullMarked;

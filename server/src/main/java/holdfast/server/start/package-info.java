/// The parts list: builds every room from one config and closes them in reverse.
///
/// Only the CLI starts it.
@NullMarked
package holdfast.server.start;

import org.jspecify.annotations.NullMarked;

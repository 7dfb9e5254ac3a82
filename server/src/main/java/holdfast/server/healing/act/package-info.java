/// Hands on processes: start them so that they outlive us, signal whole groups, look them up in `/proc`.
///
/// In: commands and process ids. Out: what is known of the process. Start reading at [Launcher]. Decides nothing:
/// whether something may be done was asked before.
@NullMarked
package holdfast.server.healing.act;

import org.jspecify.annotations.NullMarked;

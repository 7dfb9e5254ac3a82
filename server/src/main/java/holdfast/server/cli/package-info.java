/// One picocli class per command: flags in, exit codes and text out.
///
/// Start reading at [Main]. Nobody imports this room.
@NullMarked
package holdfast.server.cli;

import org.jspecify.annotations.NullMarked;

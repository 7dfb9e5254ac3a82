/// The bytes of one log entry (`log.proto` in the protocol module).
///
/// In: commands and who proposed them. Out: framed bytes that are joined without being read again, and back. Start
/// reading at [BatchCodec].
///
/// Does not know who orders the entries or what a command means.
@NullMarked
package holdfast.server.truth.log;

import org.jspecify.annotations.NullMarked;

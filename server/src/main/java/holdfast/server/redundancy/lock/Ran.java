package holdfast.server.redundancy.lock;

import holdfast.core.base.Reason;
import holdfast.server.healing.act.ProcessSignal;

/// How running a command under a lock ended.
public sealed interface Ran {
    /// The command ended by itself, while the lock was ours.
    ///
    /// @param status 0 to 255 as a shell counts: 128 and the signal's number for one that was killed
    record Ended(int status) implements Ran {}

    /// The lock was lost, or may have been, and the command was ended for it.
    record Lost(Reason why) implements Ran {}

    /// The command never ran: others had the lock until the wait was over.
    record Busy(Reason why) implements Ran {}

    /// The command never ran.
    record Failed(Reason why) implements Ran {}

    /// The command never ran: a signal told us to end.
    record Stopped(ProcessSignal by) implements Ran {}
}

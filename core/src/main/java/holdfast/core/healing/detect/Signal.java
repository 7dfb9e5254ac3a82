package holdfast.core.healing.detect;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.Part;
import java.util.List;

/// Something heard from the world. Signals may be lost, late, doubled or out of order; each says whose view it is.
public sealed interface Signal {

    /// The host whose agent says so.
    NodeId witness();

    /// A parent saw its process end: proof.
    ///
    /// @param run id of the action that started it, so that a late word about a former run hurts nobody
    /// @param status exit status; 128 + n when signal n killed it
    record Exited(NodeId witness, Part.Instance instance, String run, int status) implements Signal {}

    /// A host's agent lives and can send (UDP, so also when nobody can connect to it).
    ///
    /// @param sequence grows by one with each heartbeat of one incarnation; older ones are ignored
    /// @param stalledNanos longest that the agent's own thread was late since its last heartbeat: self-doubt
    record Heartbeat(NodeId witness, long incarnation, long sequence, long stalledNanos) implements Signal {}

    /// What an agent supervises, complete, sent on attaching and every second: makes up for lost [Exited].
    record Roster(NodeId witness, long incarnation, List<Supervised> processes) implements Signal {
        public Roster {
            processes = List.copyOf(processes);
        }
    }

    /// What became of one probe: routine, or asked for with [Probe].
    ///
    /// @param subject an instance, or a host (its agent's port)
    /// @param check index into the service's checks; 0 for a host
    /// @param target what was connected to, `HOST:PORT`, so that an answer about a former place hurts nobody; for
    ///     exec
    ///     checks and for instances without a port it is the run's id
    /// @param detail a few words of the answer: `503 Service Unavailable`; empty when there is nothing to say
    /// @param stalledNanos longest that the witness' own thread was late meanwhile: a stalled witness accuses
    ///     nobody
    /// @param askId id of the [Probe] that it answers; empty for a routine one
    record Probed(
            NodeId witness,
            Part subject,
            int check,
            String target,
            Result result,
            String detail,
            long latencyNanos,
            long stalledNanos,
            String askId)
            implements Signal {}

    /// The stream to a host's agent opened.
    record Attached(NodeId witness, long incarnation) implements Signal {}

    /// The stream to a host's agent closed: a hint, worth a question.
    record Detached(NodeId witness, String detail) implements Signal {}

    enum Result {
        OK,
        /// The machine said that nobody listens there: proof.
        REFUSED,
        /// No answer in time: only silence.
        TIMEOUT,
        BAD_ANSWER
    }

    /// One supervised process.
    record Supervised(Part.Instance instance, String run, State state, int status) {
        public enum State {
            RUNNING,
            /// Stopped by its own agent, which could not renew its lease.
            FROZEN,
            EXITED
        }
    }
}

package holdfast.server.truth.raft;

import holdfast.core.base.Bytes;
import io.microraft.model.message.AppendEntriesFailureResponse;
import io.microraft.model.message.AppendEntriesSuccessResponse;
import io.microraft.model.message.InstallSnapshotResponse;
import io.microraft.model.message.PreVoteResponse;
import io.microraft.model.message.RaftMessage;
import io.microraft.model.message.VoteResponse;

/// What members say to each other. The order between two messages does not matter, nor does a loss.
sealed interface EngineMessage {

    /// The engine's own.
    record Raft(RaftMessage message) implements EngineMessage {}

    /// A follower asks its leader for an index that every acknowledged write lies at or below.
    ///
    /// @param ask the asker's number for it
    record AskReadIndex(long ask) implements EngineMessage {}

    /// @param index -1 when the asked member does not lead, or lost its lead meanwhile
    record ReadIndex(long ask, long index) implements EngineMessage {}

    /// A request for the leader's [RaftLog.Machine#forwarded].
    record Forward(long ask, Bytes request) implements EngineMessage {}

    /// @param taken false when the asked member does not lead and did nothing
    record ForwardAnswer(long ask, boolean taken, Bytes reply) implements EngineMessage {}

    /// Whether the engine sent it in answer to another message.
    static boolean isAnswer(RaftMessage message) {
        return message instanceof AppendEntriesSuccessResponse
                || message instanceof AppendEntriesFailureResponse
                || message instanceof InstallSnapshotResponse
                || message instanceof PreVoteResponse
                || message instanceof VoteResponse;
    }
}

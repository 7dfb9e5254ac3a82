package holdfast.server.truth.raft;

import holdfast.core.base.Bytes;
import io.microraft.RaftEndpoint;
import io.microraft.model.log.LogEntry;
import io.microraft.model.message.AppendEntriesFailureResponse;
import io.microraft.model.message.AppendEntriesRequest;
import io.microraft.model.message.AppendEntriesSuccessResponse;
import io.microraft.model.message.InstallSnapshotRequest;
import io.microraft.model.message.InstallSnapshotResponse;
import io.microraft.model.message.PreVoteRequest;
import io.microraft.model.message.PreVoteResponse;
import io.microraft.model.message.RaftMessage;
import io.microraft.model.message.TriggerLeaderElectionRequest;
import io.microraft.model.message.VoteRequest;
import io.microraft.model.message.VoteResponse;
import java.util.List;

/// The bytes of what members say to each other: a version, a type, the fields in the order written here.
///
/// A reader refuses any other version with [WireIn.Malformed]; members agree on it when they shake hands.
final class MessageCodec {
    static final byte VERSION = 1;

    /// What the engine calls the group; every message is of it.
    static final String GROUP = "holdfast";

    /// Entries beyond this wait for the next message: the follower's answer says how far it came. One entry goes
    /// always.
    static final int ENTRY_BYTES_MAX = 1 << 20;

    private static final byte APPEND = 1;
    private static final byte APPENDED = 2;
    private static final byte NOT_APPENDED = 3;
    private static final byte INSTALL = 4;
    private static final byte INSTALL_NEXT = 5;
    private static final byte PRE_VOTE = 6;
    private static final byte PRE_VOTED = 7;
    private static final byte VOTE = 8;
    private static final byte VOTED = 9;
    private static final byte TAKE_OVER = 10;
    private static final byte ASK_READ_INDEX = 20;
    private static final byte READ_INDEX = 21;
    private static final byte FORWARD = 22;
    private static final byte FORWARD_ANSWER = 23;

    private MessageCodec() {}

    static void encode(EngineMessage message, WireOut out) {
        out.raw(VERSION);
        switch (message) {
            case EngineMessage.Raft(var raft) -> encodeRaft(raft, out);
            case EngineMessage.AskReadIndex(long ask) -> out.raw(ASK_READ_INDEX).number(ask);
            case EngineMessage.ReadIndex(long ask, long index) ->
                out.raw(READ_INDEX).number(ask).number(index);
            case EngineMessage.Forward(long ask, Bytes request) ->
                out.raw(FORWARD).number(ask).block(request.unsafeArray());
            case EngineMessage.ForwardAnswer(long ask, boolean taken, Bytes reply) ->
                out.raw(FORWARD_ANSWER).number(ask).flag(taken).block(reply.unsafeArray());
        }
    }

    static EngineMessage decode(byte[] bytes) {
        WireIn in = new WireIn(bytes);
        byte version = in.raw();
        if (version != VERSION) throw new WireIn.Malformed("message version " + version + "; ours is " + VERSION);
        byte type = in.raw();
        EngineMessage message = switch (type) {
            case ASK_READ_INDEX -> new EngineMessage.AskReadIndex(in.number());
            case READ_INDEX -> new EngineMessage.ReadIndex(in.number(), in.number());
            case FORWARD -> new EngineMessage.Forward(in.number(), Bytes.wrap(in.block()));
            case FORWARD_ANSWER -> new EngineMessage.ForwardAnswer(in.number(), in.flag(), Bytes.wrap(in.block()));
            default -> new EngineMessage.Raft(decodeRaft(type, in));
        };
        in.end();
        return message;
    }

    private static void encodeRaft(RaftMessage message, WireOut out) {
        switch (message) {
            case AppendEntriesRequest append -> {
                start(out, APPEND, append)
                        .number(append.getPreviousLogTerm())
                        .number(append.getPreviousLogIndex())
                        .number(append.getCommitIndex())
                        .number(append.getQuerySequenceNumber())
                        .number(append.getFlowControlSequenceNumber());
                putEntries(out, append.getLogEntries());
            }
            case AppendEntriesSuccessResponse appended ->
                start(out, APPENDED, appended)
                        .number(appended.getLastLogIndex())
                        .number(appended.getQuerySequenceNumber())
                        .number(appended.getFlowControlSequenceNumber());
            case AppendEntriesFailureResponse failed ->
                start(out, NOT_APPENDED, failed)
                        .number(failed.getExpectedNextIndex())
                        .number(failed.getQuerySequenceNumber())
                        .number(failed.getFlowControlSequenceNumber());
            case InstallSnapshotRequest install -> encodeInstall(install, out);
            case InstallSnapshotResponse next ->
                start(out, INSTALL_NEXT, next)
                        .number(next.getSnapshotIndex())
                        .number(next.getRequestedSnapshotChunkIndex())
                        .number(next.getQuerySequenceNumber())
                        .number(next.getFlowControlSequenceNumber());
            case PreVoteRequest ask ->
                start(out, PRE_VOTE, ask).number(ask.getLastLogTerm()).number(ask.getLastLogIndex());
            case PreVoteResponse answer -> start(out, PRE_VOTED, answer).flag(answer.isGranted());
            case VoteRequest ask ->
                start(out, VOTE, ask)
                        .number(ask.getLastLogTerm())
                        .number(ask.getLastLogIndex())
                        .flag(ask.isSticky());
            case VoteResponse answer -> start(out, VOTED, answer).flag(answer.isGranted());
            case TriggerLeaderElectionRequest order ->
                start(out, TAKE_OVER, order).number(order.getLastLogTerm()).number(order.getLastLogIndex());
            default -> throw new IllegalArgumentException("no message of the engine: " + message.getClass());
        }
    }

    private static WireOut start(WireOut out, byte type, RaftMessage message) {
        return out.raw(type).number(ModelCodec.id(message.getSender())).number(message.getTerm());
    }

    private static void putEntries(WireOut out, List<LogEntry> entries) {
        int count = 0;
        long bytes = 0;
        while (count < entries.size() && (count == 0 || bytes < ENTRY_BYTES_MAX)) {
            if (entries.get(count).getOperation() instanceof EntryBytes entry) bytes += entry.size();
            count++;
        }
        if (bytes > ENTRY_BYTES_MAX && count > 1) count--;
        out.list(
                entries.subList(0, count),
                (to, entry) -> to.number(entry.getIndex())
                        .number(entry.getTerm())
                        .number(ModelCodec.kindOf(entry.getOperation()).code())
                        .block(ModelCodec.operation(entry.getOperation())));
    }

    private static void encodeInstall(InstallSnapshotRequest install, WireOut out) {
        start(out, INSTALL, install)
                .flag(install.isSenderLeader())
                .number(install.getSnapshotTerm())
                .number(install.getSnapshotIndex())
                .number(install.getTotalSnapshotChunkCount())
                .number(install.getQuerySequenceNumber())
                .number(install.getFlowControlSequenceNumber())
                .flag(install.getSnapshotChunk() != null);
        if (install.getSnapshotChunk() != null) ModelCodec.putChunk(out, install.getSnapshotChunk());
        ModelCodec.putMembers(out, install.getSnapshottedMembers());
        ModelCodec.putView(out, install.getGroupMembersView());
    }

    private static RaftMessage decodeRaft(byte type, WireIn in) {
        RaftEndpoint sender = new MemberId(in.small());
        int term = in.small();
        return switch (type) {
            case APPEND -> decodeAppend(sender, term, in);
            case APPENDED ->
                ModelCodec.MODEL
                        .createAppendEntriesSuccessResponseBuilder()
                        .setGroupId(GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setLastLogIndex(in.number())
                        .setQuerySequenceNumber(in.number())
                        .setFlowControlSequenceNumber(in.number())
                        .build();
            case NOT_APPENDED ->
                ModelCodec.MODEL
                        .createAppendEntriesFailureResponseBuilder()
                        .setGroupId(GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setExpectedNextIndex(in.number())
                        .setQuerySequenceNumber(in.number())
                        .setFlowControlSequenceNumber(in.number())
                        .build();
            case INSTALL -> decodeInstall(sender, term, in);
            case INSTALL_NEXT ->
                ModelCodec.MODEL
                        .createInstallSnapshotResponseBuilder()
                        .setGroupId(GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setSnapshotIndex(in.number())
                        .setRequestedSnapshotChunkIndex(in.small())
                        .setQuerySequenceNumber(in.number())
                        .setFlowControlSequenceNumber(in.number())
                        .build();
            default -> decodeVote(type, sender, term, in);
        };
    }

    private static RaftMessage decodeVote(byte type, RaftEndpoint sender, int term, WireIn in) {
        return switch (type) {
            case PRE_VOTE ->
                ModelCodec.MODEL
                        .createPreVoteRequestBuilder()
                        .setGroupId(GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setLastLogTerm(in.small())
                        .setLastLogIndex(in.number())
                        .build();
            case PRE_VOTED ->
                ModelCodec.MODEL
                        .createPreVoteResponseBuilder()
                        .setGroupId(GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setGranted(in.flag())
                        .build();
            case VOTE ->
                ModelCodec.MODEL
                        .createVoteRequestBuilder()
                        .setGroupId(GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setLastLogTerm(in.small())
                        .setLastLogIndex(in.number())
                        .setSticky(in.flag())
                        .build();
            case VOTED ->
                ModelCodec.MODEL
                        .createVoteResponseBuilder()
                        .setGroupId(GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setGranted(in.flag())
                        .build();
            case TAKE_OVER ->
                ModelCodec.MODEL
                        .createTriggerLeaderElectionRequestBuilder()
                        .setGroupId(GROUP)
                        .setSender(sender)
                        .setTerm(term)
                        .setLastLogTerm(in.small())
                        .setLastLogIndex(in.number())
                        .build();
            default -> throw new WireIn.Malformed("message type " + type);
        };
    }

    private static RaftMessage decodeAppend(RaftEndpoint sender, int term, WireIn in) {
        return ModelCodec.MODEL
                .createAppendEntriesRequestBuilder()
                .setGroupId(GROUP)
                .setSender(sender)
                .setTerm(term)
                .setPreviousLogTerm(in.small())
                .setPreviousLogIndex(in.number())
                .setCommitIndex(in.number())
                .setQuerySequenceNumber(in.number())
                .setFlowControlSequenceNumber(in.number())
                .setLogEntries(in.list(from -> ModelCodec.entry(
                        from.number(),
                        from.small(),
                        ModelCodec.operation(ModelCodec.Kind.of(from.small()), from.block()))))
                .build();
    }

    private static RaftMessage decodeInstall(RaftEndpoint sender, int term, WireIn in) {
        return ModelCodec.MODEL
                .createInstallSnapshotRequestBuilder()
                .setGroupId(GROUP)
                .setSender(sender)
                .setTerm(term)
                .setSenderLeader(in.flag())
                .setSnapshotTerm(in.small())
                .setSnapshotIndex(in.number())
                .setTotalSnapshotChunkCount(in.small())
                .setQuerySequenceNumber(in.number())
                .setFlowControlSequenceNumber(in.number())
                .setSnapshotChunk(in.flag() ? ModelCodec.chunk(in) : null)
                .setSnapshottedMembers(ModelCodec.members(in))
                .setGroupMembersView(ModelCodec.view(in))
                .build();
    }
}

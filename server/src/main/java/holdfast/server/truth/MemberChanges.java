package holdfast.server.truth;

import com.google.protobuf.InvalidProtocolBufferException;
import holdfast.core.base.Bytes;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.protocol.log.LeaderAsk;
import holdfast.protocol.log.LeaderRefusal;
import holdfast.protocol.log.LeaderReply;
import holdfast.protocol.log.MemberAsk;
import holdfast.server.truth.raft.RaftLog;
import holdfast.server.truth.raft.RaftLog.Appended;
import holdfast.server.truth.raft.RaftLog.Forwarded;
import holdfast.server.truth.raft.RaftLog.Peer;
import java.util.function.Consumer;

/// Changes who takes part, from any member: a follower asks its leader. One change at a time; a newcomer first
/// follows as a learner and gets its vote when it has caught up.
///
/// Answers come on the raft driver's thread; `Done` carries the log index of the change.
public final class MemberChanges {
    private final RaftLog raft;

    MemberChanges(RaftLog raft) {
        this.raft = raft;
    }

    /// @param id a number that no member ever had
    /// @param address `host:port` of its peer socket
    public void addLearner(int id, String name, String address, Consumer<Outcome> done) {
        ask(
                MemberAsk.newBuilder()
                        .setKind(MemberAsk.Kind.ADD_LEARNER)
                        .setId(id)
                        .setName(name)
                        .setAddress(address)
                        .build(),
                done);
    }

    /// Refused with `not-caught-up` while the learner lags.
    public void promote(int id, Consumer<Outcome> done) {
        ask(MemberAsk.newBuilder().setKind(MemberAsk.Kind.PROMOTE).setId(id).build(), done);
    }

    /// A removed number never returns.
    public void remove(int id, Consumer<Outcome> done) {
        ask(MemberAsk.newBuilder().setKind(MemberAsk.Kind.REMOVE).setId(id).build(), done);
    }

    /// Makes a voter the leader.
    public void lead(int id, Consumer<Outcome> done) {
        ask(MemberAsk.newBuilder().setKind(MemberAsk.Kind.LEAD).setId(id).build(), done);
    }

    /// `Done` carries what the leader says: an index, or the number of a member.
    void ask(MemberAsk ask, Consumer<Outcome> done) {
        byte[] request = LeaderAsk.newBuilder().setMember(ask).build().toByteArray();
        raft.execute(() -> raft.toLeader(request, what -> Callbacks.call(done, outcome(what))));
    }

    private static Outcome outcome(Forwarded what) {
        return switch (what) {
            case Forwarded.Answered(Bytes reply) -> outcome(reply);
            case Forwarded.Refused(Reason why) -> new Outcome.Refused(why);
            case Forwarded.Unknown(Reason why) -> new Outcome.Unknown(why);
        };
    }

    private static Outcome outcome(Bytes bytes) {
        try {
            LeaderReply reply = LeaderReply.parseFrom(bytes.unsafeArray());
            return switch (reply.getReplyCase()) {
                case DONE_INDEX -> new Outcome.Done(reply.getDoneIndex());
                case REFUSED -> new Outcome.Refused(reason(reply.getRefused()));
                case UNKNOWN -> new Outcome.Unknown(reason(reply.getUnknown()));
                case LEASE, REPLY_NOT_SET -> new Outcome.Unknown(Reasons.LEADER_CHANGED);
            };
        } catch (InvalidProtocolBufferException _) {
            return new Outcome.Unknown(Reasons.LEADER_CHANGED);
        }
    }

    private static Reason reason(LeaderRefusal why) {
        return new Reason(why.getCode(), why.getSentence());
    }

    /// A member asks its leader, this one.
    void answerFollower(MemberAsk ask, Consumer<byte[]> reply) {
        Consumer<Appended> done = what -> reply.accept(reply(what));
        switch (ask.getKind()) {
            case ADD_LEARNER -> raft.addLearner(new Peer(ask.getId(), ask.getName(), ask.getAddress(), false), done);
            case PROMOTE -> raft.promote(ask.getId(), done);
            case REMOVE -> raft.remove(ask.getId(), done);
            case LEAD -> raft.transferLeadership(ask.getId(), done);
            case ASK_ADD, ASK_REMOVE, ASK_UPDATE, ASK_PROMOTE, UNRECOGNIZED ->
                done.accept(new Appended.Refused(
                        new Reason("unknown-request", "This member does not know what it was asked.")));
        }
    }

    private static byte[] reply(Appended what) {
        return switch (what) {
            case Appended.Done at -> LeaderReplies.done(at.index());
            case Appended.Refused(Reason why) -> LeaderReplies.refused(why);
            case Appended.Unknown(Reason why) -> LeaderReplies.unknown(why);
        };
    }
}

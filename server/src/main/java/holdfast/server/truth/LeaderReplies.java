package holdfast.server.truth;

import holdfast.core.base.Reason;
import holdfast.protocol.log.LeaderRefusal;
import holdfast.protocol.log.LeaderReply;

/// What a leader answers when a member asks it something, as bytes.
final class LeaderReplies {
    private LeaderReplies() {}

    static byte[] done(long index) {
        return LeaderReply.newBuilder().setDoneIndex(index).build().toByteArray();
    }

    static byte[] refused(Reason why) {
        return LeaderReply.newBuilder().setRefused(refusal(why)).build().toByteArray();
    }

    static byte[] unknown(Reason why) {
        return LeaderReply.newBuilder().setUnknown(refusal(why)).build().toByteArray();
    }

    private static LeaderRefusal refusal(Reason why) {
        return LeaderRefusal.newBuilder()
                .setCode(why.code())
                .setSentence(why.sentence())
                .build();
    }
}

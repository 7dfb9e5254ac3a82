package holdfast.server.truth;

import holdfast.core.base.Bytes;
import holdfast.core.base.Reason;
import holdfast.core.truth.Command;
import holdfast.core.truth.Reply;
import holdfast.server.truth.Store.Answer;
import holdfast.server.truth.Store.LeaseAnswer;
import java.util.List;
import java.util.function.Consumer;

/// What every reading has in common: whether it is quick, and how its answer goes back.
final class Reading {
    private static final int POINT_OPS_MAX = 8; // a transaction of so many single keys is read at once

    private Reading() {}

    static boolean isPoint(Command.Range range) {
        return range.range().isSingle() && range.atRevision() == 0;
    }

    static boolean isSmall(Command.Txn txn) {
        return txn.compares().size() <= POINT_OPS_MAX
                && txn.success().size() <= POINT_OPS_MAX
                && txn.failure().size() <= POINT_OPS_MAX
                && txn.compares().stream().allMatch(compare -> compare.range().isSingle())
                && txn.success().stream().allMatch(Reading::isPointOp)
                && txn.failure().stream().allMatch(Reading::isPointOp);
    }

    private static boolean isPointOp(Command.Op op) {
        return op instanceof Command.Range range && isPoint(range);
    }

    static Reads.Done<Reply> replyTo(Consumer<Answer> done) {
        return new Reads.Done<>() {
            @Override
            public void answered(Store.Header header, Reply reply) {
                done.accept(new Answer.Done(header, reply));
            }

            @Override
            public void refused(Reason why) {
                done.accept(new Answer.Refused(why));
            }
        };
    }

    static LeaseAnswer withKeys(Store.Header header, LeaseAnswer.Remaining left, List<Bytes> keys) {
        return new LeaseAnswer.Remaining(header, left.grantedMillis(), left.remainingMillis(), keys);
    }
}

package holdfast.server.start;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.server.start.join.Membership;
import holdfast.server.truth.MemberChanges;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The consensus group's membership as calls that wait.
record GroupMembership(MemberChanges changes) implements Membership {
    private static final long LIMIT_SECONDS = 10;

    @Override
    public Outcome addLearner(int id, String host, String peerAddress, String clientUrl) {
        return wait(done -> changes.addLearner(id, host, peerAddress, done));
    }

    @Override
    public Outcome promote(int id) {
        return wait(done -> changes.promote(id, done));
    }

    private static Outcome wait(Consumer<Consumer<Outcome>> ask) {
        BlockingQueue<Outcome> answer = new ArrayBlockingQueue<>(1);
        ask.accept(answer::offer);
        try {
            @Nullable Outcome outcome = answer.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
            if (outcome != null) return outcome;
            return new Outcome.Unknown(
                    new Reason("membership-timeout", "The members did not agree within " + LIMIT_SECONDS + " s."));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return new Outcome.Unknown(new Reason("stopping", "This server is stopping."));
        }
    }
}

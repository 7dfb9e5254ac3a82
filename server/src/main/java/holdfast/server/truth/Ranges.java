package holdfast.server.truth;

import holdfast.core.base.Reason;
import holdfast.core.truth.Command;
import holdfast.core.truth.Keyspace;
import holdfast.core.truth.PageWalk;
import holdfast.core.truth.Refusal;
import holdfast.core.truth.Reply;
import holdfast.core.truth.ShelfView;
import holdfast.server.truth.Store.Answer;
import holdfast.server.truth.Store.PageAnswer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Serves ranges: single keys and pages of a few MiB by [Reads], longer ones by [LongReads].
final class Ranges {
    /// Of pairs; a longer page is read in pieces, or refused where that cannot be.
    private static final long PAGE_BYTES_MAX = 4 << 20;

    /// Whoever asks may read everything.
    static final Lawful LAWFUL = _ -> null;

    /// Judges the reader by the very state that is read.
    interface Lawful {
        @Nullable
        Refusal refusal(ShelfView view);
    }

    private final Keyspace keyspace;
    private final Reads reads;
    private final LongReads longReads;

    Ranges(Keyspace keyspace, Reads reads, LongReads longReads) {
        this.keyspace = keyspace;
        this.reads = reads;
        this.longReads = longReads;
    }

    /// Refused when it is too long for one answer in memory.
    void whole(Command.Range range, boolean linearizable, Lawful lawful, Consumer<Answer> done) {
        read(range, linearizable, lawful, Reading.replyTo(done), (_, _, release) -> {
            release.run();
            done.accept(new Answer.Refused(Reasons.ANSWER_TOO_LARGE));
        });
    }

    void any(Command.Range range, boolean linearizable, Lawful lawful, Consumer<PageAnswer> done) {
        Reads.Done<Reply> whole = new Reads.Done<>() {
            @Override
            public void answered(Store.Header header, Reply reply) {
                done.accept(new PageAnswer.Whole(new Answer.Done(header, reply)));
            }

            @Override
            public void refused(Reason why) {
                done.accept(new PageAnswer.Whole(new Answer.Refused(why)));
            }
        };
        read(range, linearizable, lawful, whole, (header, view, release) -> {
            if (PageWalk.canWalk(range, view)) {
                longReads.begin(range, header, view, release, done);
            } else {
                release.run();
                whole.refused(Reasons.ANSWER_TOO_LARGE);
            }
        });
    }

    private void read(
            Command.Range range, boolean linearizable, Lawful lawful, Reads.Done<Reply> done, Reads.Overflow tooLong) {
        if (Reading.isPoint(range)) reads.read(view -> point(range, lawful, view), true, linearizable, done);
        else reads.read(view -> page(range, lawful, view), linearizable, done, tooLong);
    }

    private Reply point(Command.Range range, Lawful lawful, ShelfView view) {
        Refusal refused = lawful.refusal(view);
        return refused == null ? keyspace.range(range, view) : new Reply.Refused(refused);
    }

    private @Nullable Reply page(Command.Range range, Lawful lawful, ShelfView view) {
        Refusal refused = lawful.refusal(view);
        return refused == null ? keyspace.range(range, view, PAGE_BYTES_MAX) : new Reply.Refused(refused);
    }
}

package holdfast.server.truth;

import holdfast.core.truth.Command;
import holdfast.server.truth.raft.RaftLog;
import holdfast.server.truth.raft.RaftLog.Barrier;
import org.jspecify.annotations.Nullable;

/// Tells everybody this member's URLs, once a leader is there to hear them. On the raft driver's thread.
final class Announcer {
    private static final int TICKS = 100; // between two looks

    private final RaftLog raft;
    private final Members members;
    private final Views views;
    private final Proposals proposals;
    private boolean announcing;
    private int ticksLeft;

    Announcer(RaftLog raft, Members members, Views views, Proposals proposals) {
        this.raft = raft;
        this.members = members;
        this.views = views;
        this.proposals = proposals;
    }

    void tick() {
        if (announcing || raft.status().leader() == null || ticksLeft-- > 0) return;
        ticksLeft = TICKS;
        if (members.announcement(views.newest()) == null) return;
        announcing = true;
        // A newcomer has to know its own record before it changes it.
        raft.readBarrier(barrier -> {
            @Nullable Command record = barrier instanceof Barrier.Reached ? members.announcement(views.newest()) : null;
            if (record == null) announcing = false;
            else proposals.propose(record, _ -> raft.execute(() -> announcing = false));
        });
    }
}

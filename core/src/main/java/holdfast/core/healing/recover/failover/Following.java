package holdfast.core.healing.recover.failover;

import holdfast.core.base.Reason;
import holdfast.core.healing.recover.failover.Local.Phase;
import java.util.Optional;

/// What a member does while another one holds the key.
final class Following {
    /// How long a follower may be without its primary's log before it is rewound, and before it is cloned.
    static final long LOST_NANOS = 5_000_000_000L;

    private Following() {}

    static Move next(View view, ClusterState state, Holder holder) {
        Local local = view.local();
        if (local.phase() == Phase.PRIMARY || (local.phase() == Phase.STARTING && !local.standby())) {
            return new Move.Stop(
                    false,
                    new Reason("deposed", holder.host() + " is the primary in term " + holder.term() + ", not we."));
        }
        if (state.paused()) return Failover.stay("paused", "A person works on it.");
        if (state.term() != holder.term())
            return Failover.stay("old-state", "The state that was read is older than the key.");
        if (!local.hasData()) {
            if (!holder.serving()) return Failover.stay("no-source", "The primary does not serve yet.");
            return new Move.Clone(holder.host(), new Reason("no-data", "There is no data here yet."));
        }
        boolean set = holder.host().equals(local.follows()) && local.followsTerm() == holder.term();
        boolean sorted =
                set && local.phase() != Phase.STOPPED && view.spec().kind().copiesItself();
        if (!sorted && diverged(view, state)) {
            if (!holder.serving()) return Failover.stay("no-source", "The primary does not serve yet.");
            return new Move.Rewind(
                    holder.host(),
                    new Reason(
                            "diverged",
                            "We are at %s; the primary's timeline %d began at %s."
                                    .formatted(local.position(), state.timeline(), state.forkedAt())));
        }
        Reason joins = new Reason("follows", "We follow " + holder.host() + " in term " + holder.term() + ".");
        if (local.phase() == Phase.STOPPED) return new Move.Follow(holder.host(), holder.term(), joins);
        if (!set) {
            if (state.timeline() == 0 && !behind(view, holder))
                return Failover.stay("unsure-fork", "The primary is promoted.");
            return new Move.Follow(holder.host(), holder.term(), joins);
        }
        Optional<Rule> first = Election.firstRule(view, state);
        if (first.isPresent() && !first.get().equals(local.applied())) {
            return new Move.ApplyRule(first.get(), new Reason("to-succeed", "We are to be the next primary."));
        }
        return lost(view, holder).orElseGet(() -> Failover.stay("follows", joins.sentence()));
    }

    /// What was a primary's may hold what was never sent; what is beyond the fork surely does.
    private static boolean diverged(View view, ClusterState state) {
        Local local = view.local();
        if (!local.standby()) return true;
        if (state.timeline() == 0 || local.position().timeline() == state.timeline()) return false;
        return local.position().timeline() > state.timeline()
                || local.replayed().compareTo(state.forkedAt()) > 0;
    }

    private static boolean behind(View view, Holder holder) {
        Member primary = view.members().get(holder.host());
        return primary != null && view.local().position().compareTo(primary.position()) <= 0;
    }

    /// It should receive and does not: its log is not the primary's, or the primary has no longer what it lacks.
    private static Optional<Move> lost(View view, Holder holder) {
        Local local = view.local();
        long since = local.lostSinceNanos();
        if (since == 0 || !holder.serving() || view.nowNanos() - since < LOST_NANOS) return Optional.empty();
        Reason why = new Reason("lost", "Nothing has come from the primary for " + LOST_NANOS / 1_000_000 + " ms.");
        return Optional.of(
                local.rewound() == 0 ? new Move.Rewind(holder.host(), why) : new Move.Clone(holder.host(), why));
    }
}

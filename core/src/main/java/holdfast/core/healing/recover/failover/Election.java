package holdfast.core.healing.recover.failover;

import holdfast.core.base.NodeId;
import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.fleet.ClusterSpec.Durability;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/// Who may take the key when nobody holds it, as one replica that has pledged sees it.
final class Election {
    /// How long the one that a switchover names is waited for.
    static final long NAMED_NANOS = 2_000_000_000L;

    /// How long one of higher priority that has not pledged yet is waited for, since nobody holds the key.
    static final long PREFERRED_NANOS = 300_000_000L;

    private Election() {}

    /// Who has most; among equals whose priority is highest, among these the first by name.
    static Comparator<Member> best(ClusterSpec spec) {
        return Comparator.comparing(Member::position)
                .thenComparingInt(member -> spec.priorityOf(member.host()))
                .thenComparing(Member::host, Comparator.reverseOrder());
    }

    /// Those whose position for this term is final.
    static SortedSet<NodeId> pledged(View view, ClusterState state) {
        SortedSet<NodeId> hosts = new TreeSet<>();
        for (Member member : view.members().values()) {
            if (member.pledged() == state.term()) hosts.add(member.host());
        }
        return hosts;
    }

    static Move next(View view, ClusterState state) {
        SortedSet<NodeId> pledged = pledged(view, state);
        for (Rule rule : state.rules()) {
            if (!rule.elects(pledged)) return wait("too-few", tooFew(rule, pledged, state));
        }
        Member best = view.members().values().stream()
                .filter(member -> pledged.contains(member.host()))
                .max(best(view.spec()))
                .orElseThrow();
        if (isNamedAwaited(view, state, pledged)) {
            return wait("named", state.handTo() + " is named as the next primary, and has not pledged yet.");
        }
        Member chosen = choose(view, state, pledged, best);
        if (view.spec().durability() == Durability.ASYNC && !state.forced()) {
            long lacks = view.lastPrimary().lsn().since(chosen.position().lsn());
            if (lacks > view.spec().lagBytesMax()) {
                return new Move.Call(new Reason(
                        "lags",
                        "%s lacks %d bytes of what %s had written; at most %d may be lost. `holdfast %s failover --force` elects it all the same."
                                .formatted(
                                        chosen.host(),
                                        lacks,
                                        state.primary(),
                                        view.spec().lagBytesMax(),
                                        view.spec().kind().command())));
            }
        }
        if (!chosen.host().equals(view.me())) {
            return wait("another", chosen.host() + " is to be the next primary, at " + chosen.position() + ".");
        }
        if (!view.spec().mayLead(view.me())) {
            return new Move.Call(
                    new Reason("no-failover", view.me() + " has the most of the log, but is not to be the primary."));
        }
        Optional<NodeId> preferred = preferred(view, state, pledged);
        if (preferred.isPresent()) {
            return wait("preferred", preferred.get() + " has a higher priority, and has not pledged yet.");
        }
        return take(
                view,
                state,
                pledged,
                "%s is the next primary: %s pledged, and nobody has more than %s."
                        .formatted(view.me(), pledged, chosen.position()));
    }

    private static Move take(View view, ClusterState state, SortedSet<NodeId> followers, String sentence) {
        return new Move.TakeKey(state.succeededBy(view.me(), ruleOf(view, followers)), new Reason("elected", sentence));
    }

    /// The first rule that we would ask for as the primary with these.
    private static Rule ruleOf(View view, SortedSet<NodeId> followers) {
        SortedSet<NodeId> others = new TreeSet<>(followers);
        others.remove(view.me());
        return SyncSet.of(others, view.me(), view.spec());
    }

    // ---- the primary leaves to us ----

    /// Whether the primary left to us, is stopped, and we have its log up to the end: then nobody need pledge.
    static boolean hasAllThatWasLeft(View view, ClusterState state) {
        Position ours = view.local().position();
        return !state.leftAt().equals(Lsn.ZERO)
                && isNamed(view, state)
                && view.local().phase() == Local.Phase.STANDBY
                && ours.timeline() == state.timeline()
                && ours.lsn().compareTo(state.leftAt()) >= 0;
    }

    static Move succeed(View view, ClusterState state) {
        return take(
                view,
                state,
                followers(view, state),
                "%s left to %s, which has its log up to the end at %s."
                        .formatted(state.primary(), view.me(), state.leftAt()));
    }

    /// What commits will wait for when the primary has left to us; empty when it does not, or none of them waits.
    static Optional<Rule> firstRule(View view, ClusterState state) {
        if (!isNamed(view, state) || !SyncSet.waits(view.spec())) return Optional.empty();
        return Optional.of(ruleOf(view, followers(view, state)));
    }

    private static boolean isNamed(View view, ClusterState state) {
        return state.handTo().equals(view.me().name())
                && !state.forced()
                && view.spec().mayLead(view.me());
    }

    /// Replicas that are on the primary's timeline.
    private static SortedSet<NodeId> followers(View view, ClusterState state) {
        SortedSet<NodeId> followers = new TreeSet<>();
        for (Member member : view.members().values()) {
            boolean replica = member.role() == Member.Role.REPLICA;
            if (replica && member.position().timeline() == state.timeline()) followers.add(member.host());
        }
        return followers;
    }

    /// The one that was named, if it has as much as anybody or a person accepted that it has not; otherwise the best
    /// that
    /// may be elected, if it has as much.
    private static Member choose(View view, ClusterState state, SortedSet<NodeId> pledged, Member best) {
        List<Member> equal = view.members().values().stream()
                .filter(member -> pledged.contains(member.host()))
                .filter(member -> member.position().compareTo(best.position()) >= 0)
                .filter(member -> view.spec().mayLead(member.host()))
                .toList();
        for (Member member : equal) if (member.host().name().equals(state.handTo())) return member;
        for (Member member : view.members().values()) {
            boolean named = member.host().name().equals(state.handTo());
            if (named && state.forced() && pledged.contains(member.host())) return member;
        }
        return equal.stream().max(best(view.spec())).orElse(best);
    }

    /// Whether the one that was named may still turn out to have as much as anybody: what it has when it pledges is
    /// final, so that one that pledged and lacks something is waited for no longer.
    private static boolean isNamedAwaited(View view, ClusterState state, SortedSet<NodeId> pledged) {
        if (state.handTo().isEmpty() || view.nowNanos() - view.vacantNanos() >= NAMED_NANOS) return false;
        Member named = view.members().get(new NodeId(state.handTo()));
        return named != null && named.role() == Member.Role.REPLICA && !pledged.contains(named.host());
    }

    /// A replica of higher priority than ours that may still turn out to have as much. One that was named goes before.
    private static Optional<NodeId> preferred(View view, ClusterState state, SortedSet<NodeId> pledged) {
        boolean named = state.handTo().equals(view.me().name());
        if (named || view.nowNanos() - view.vacantNanos() >= PREFERRED_NANOS) return Optional.empty();
        return view.members().values().stream()
                .filter(member -> member.role() == Member.Role.REPLICA)
                .map(Member::host)
                .filter(host -> !pledged.contains(host))
                .filter(host -> view.spec().priorityOf(host) > view.spec().priorityOf(view.me()))
                .findFirst();
    }

    private static String tooFew(Rule rule, SortedSet<NodeId> pledged, ClusterState state) {
        if (rule.voters().isEmpty()) {
            return state.primary() + " alone has every acknowledged commit; it is waited for.";
        }
        return "Commits needed %s besides %s; an election needs %d of them, and %s pledged."
                .formatted(rule, state.primary(), rule.toElect(), pledged.isEmpty() ? "nobody" : pledged.toString());
    }

    private static Move wait(String code, String sentence) {
        return new Move.Wait(new Reason(code, sentence));
    }
}

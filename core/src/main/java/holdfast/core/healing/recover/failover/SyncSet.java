package holdfast.core.healing.recover.failover;

import holdfast.core.base.NodeId;
import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.fleet.ClusterSpec.Durability;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/// How the primary changes who must acknowledge, so that at each moment every election meets every commit that was
/// acknowledged: first the store holds the old rule and the new one, both of which an election must satisfy; then
/// the server gets the new one; when what the old one let through is on the new one's standbys too, the store
/// forgets the old one. When those standbys go before that, another new rule joins the two.
final class SyncSet {
    /// How long no standby may stream before the primary stands alone (unless strict).
    static final long ALONE_AFTER_NANOS = 3_000_000_000L;

    /// Rules that an election must satisfy at once; when there are so many, the primary stands alone next.
    static final int RULES_MAX = 6;

    private SyncSet() {}

    /// The next step, or none.
    static Optional<Move> next(View view, ClusterState state) {
        Local local = view.local();
        Rule standing = state.rules().getLast();
        if (waits(view.spec()) && !standing.equals(local.applied())) {
            return Optional.of(new Move.ApplyRule(
                    standing, new Reason("apply-rule", "Commits wait for " + standing + " from now on.")));
        }
        if (state.rules().size() > 1) {
            if (covers(view, state, standing)) {
                return Optional.of(new Move.WriteState(
                        state.withRules(List.of(standing)),
                        new Reason("rule-covers", "All that was acknowledged before is covered by " + standing + ".")));
            }
            if (standing.isHeldBy(streaming(view))) return Optional.empty(); // it will
        }
        Rule wanted = state.rules().size() < RULES_MAX ? wanted(view, standing) : Rule.ALONE;
        if (wanted.equals(standing)) return Optional.empty();
        List<Rule> rules = new ArrayList<>(state.rules());
        rules.remove(wanted);
        rules.add(wanted);
        return Optional.of(new Move.WriteState(
                state.withRules(rules),
                new Reason("rule-changes", "The set changes from " + standing + " to " + wanted + ".")));
    }

    /// Whether commits wait for standbys.
    static boolean waits(ClusterSpec spec) {
        return spec.durability() != Durability.ASYNC;
    }

    /// What the first rule of a new primary asks for, of replicas that pledged.
    ///
    /// @param replicas that stream, or pledged
    static Rule of(SortedSet<NodeId> replicas, NodeId primary, ClusterSpec spec) {
        SortedSet<NodeId> voters = counting(replicas, spec);
        if (voters.isEmpty()) return Rule.ALONE;
        if (waits(spec) && !spec.kind().namesReplicas()) return ofAll(voters.size(), primary, spec);
        return new Rule(voters, need(voters.size(), spec));
    }

    /// Those whose confirmation counts.
    private static SortedSet<NodeId> counting(SortedSet<NodeId> replicas, ClusterSpec spec) {
        SortedSet<NodeId> counting = new TreeSet<>(replicas);
        counting.removeIf(host -> !spec.counts(host));
        return counting;
    }

    private static int need(int voters, ClusterSpec spec) {
        return spec.durability() == Durability.QUORUM ? (voters + 1) / 2 : 1;
    }

    /// A server that cannot be told whose word counts (Redis' `WAIT`) takes that of anybody: so all are voters,
    /// whether they stream or not. Unless strict, it needs no more of them than stream.
    private static Rule ofAll(int streaming, NodeId primary, ClusterSpec spec) {
        SortedSet<NodeId> others = new TreeSet<>(spec.hosts());
        others.remove(primary);
        if (others.isEmpty()) return Rule.ALONE;
        int need = need(others.size(), spec);
        return new Rule(others, spec.strict() ? need : Math.min(need, streaming));
    }

    private static SortedSet<NodeId> streaming(View view) {
        SortedSet<NodeId> streaming = new TreeSet<>(view.local().flushed().keySet());
        streaming.retainAll(view.members().keySet());
        return streaming;
    }

    private static Rule wanted(View view, Rule standing) {
        SortedSet<NodeId> streaming = counting(streaming(view), view.spec());
        if (streaming.isEmpty() && !standing.voters().isEmpty()) {
            long alone = view.local().lostSinceNanos();
            boolean forLong = alone != 0 && view.nowNanos() - alone >= ALONE_AFTER_NANOS;
            if (view.spec().strict() || !forLong) return standing;
        }
        return of(streaming, view.me(), view.spec());
    }

    /// Whether so many standbys have all that was acknowledged before the server was told, and are on our timeline:
    /// else
    /// one of them that never heard of it might be elected, and give another history the same number.
    private static boolean covers(View view, ClusterState state, Rule rule) {
        Lsn before = view.local().appliedAt();
        long have = rule.voters().stream()
                .map(host -> view.local().flushed().getOrDefault(host, Lsn.ZERO))
                .filter(flushed -> flushed.compareTo(before) >= 0 && flushed.compareTo(state.forkedAt()) > 0)
                .count();
        return have >= rule.need();
    }
}

package holdfast.core.healing.recover.failover;

import holdfast.core.base.Dice;
import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec;
import holdfast.core.healing.fleet.Tags;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/// Members that are preferred, never elected or never waited for, and whether what is decided heeds that. Has dice of
/// its own: the rest of a world is the same with and without.
final class SimTags {
    private static final int HIGHEST = 3;

    private SimTags() {}

    static Tags roll(ClusterSpec.Kind kind, long seed, List<NodeId> hosts) {
        Dice dice = new Dice(~seed);
        TreeMap<NodeId, Integer> priority = new TreeMap<>();
        SortedSet<NodeId> noSync = new TreeSet<>();
        if (dice.oneIn(2)) for (NodeId host : hosts) priority.put(host, Math.toIntExact(dice.between(1, HIGHEST)));
        if (hosts.size() > 2 && dice.oneIn(8)) priority.put(dice.pick(hosts), 0);
        if (hosts.size() > 2 && kind.namesReplicas() && dice.oneIn(4)) noSync.add(dice.pick(hosts));
        return new Tags(priority, new TreeSet<>(), noSync);
    }

    /// The same cluster as somebody sees it who has not heard of some tags.
    static ClusterSpec known(ClusterSpec spec, FailoverWorld.Bug bug) {
        Tags tags = spec.tags();
        return switch (bug) {
            case PRIORITY_UNHEARD -> with(spec, new Tags(new TreeMap<>(), tags.noBalance(), tags.noSync()));
            case NO_SYNC_UNHEARD -> with(spec, new Tags(tags.priority(), tags.noBalance(), new TreeSet<>()));
            default -> spec;
        };
    }

    private static ClusterSpec with(ClusterSpec spec, Tags tags) {
        return new ClusterSpec(
                spec.kind(),
                spec.name(),
                spec.hosts(),
                spec.port(),
                spec.bin(),
                spec.data(),
                spec.user(),
                spec.durability(),
                spec.strict(),
                spec.lease(),
                spec.lagBytesMax(),
                spec.startWithin(),
                spec.stopWithin(),
                spec.noFailover(),
                spec.restPort(),
                spec.writePort(),
                spec.readPort(),
                tags,
                spec.onRoleChange());
    }

    /// What is wrong with a move, by the tags; empty for nothing.
    static Optional<String> broken(ClusterSpec spec, Move move, View view) {
        return switch (move) {
            case Move.TakeKey(ClusterState state, var why)
            when why.code().equals("elected") ->
                preferred(spec, view).or(() -> counted(spec, Objects.requireNonNull(state)));
            case Move.WriteState(ClusterState state, var _) -> counted(spec, state);
            default -> Optional.empty();
        };
    }

    /// Who has as much as the one that takes the key, is final, and goes before it.
    private static Optional<String> preferred(ClusterSpec spec, View view) {
        ClusterState state = Objects.requireNonNull(view.state());
        if (state.forced()) return Optional.empty();
        if (!spec.mayLead(view.me())) return Optional.of(view.me() + " is elected, and is never to be");
        if (state.handTo().equals(view.me().name())) return Optional.empty();
        Position ours = view.local().position();
        return view.members().values().stream()
                .filter(member -> member.pledged() == state.term())
                .filter(member -> member.position().compareTo(ours) >= 0)
                .filter(member -> spec.priorityOf(member.host()) > spec.priorityOf(view.me()))
                .map(member -> view.me() + " is elected before " + member.host() + ", which has as much")
                .findFirst();
    }

    private static Optional<String> counted(ClusterSpec spec, ClusterState state) {
        return state.rules().getLast().voters().stream()
                .filter(host -> !spec.counts(host))
                .map(host -> "commits wait for " + host + ", which is not to count")
                .findFirst();
    }
}

package holdfast.core.healing.fleet;

import holdfast.core.base.NodeId;
import holdfast.core.base.Require;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/// In what single members of a cluster differ from the others. Keys live beside those of [ClusterSpec].
///
/// @param priority among members that have equally much the highest becomes the primary, 0 to [#PRIORITY_MAX]; 0 is
///     never to be it; [#PRIORITY] for those without one
/// @param noBalance hosts that readers are not sent to
/// @param noSync hosts whose confirmation no commit waits for
public record Tags(SortedMap<NodeId, Integer> priority, SortedSet<NodeId> noBalance, SortedSet<NodeId> noSync) {
    public static final int PRIORITY = 1;
    public static final int PRIORITY_MAX = 1_000;
    public static final Tags NONE =
            new Tags(Collections.emptySortedMap(), Collections.emptySortedSet(), Collections.emptySortedSet());

    public Tags {
        priority = Collections.unmodifiableSortedMap(new TreeMap<>(priority));
        noBalance = Collections.unmodifiableSortedSet(new TreeSet<>(noBalance));
        noSync = Collections.unmodifiableSortedSet(new TreeSet<>(noSync));
    }

    /// @param section of the keys, with a dot at its end
    void refuse(String section, boolean namesReplicas) {
        priority.forEach((host, value) -> Require.between(section + "priority." + host, value, 0, PRIORITY_MAX));
        Require.that(
                section + "no-sync",
                noSync,
                namesReplicas || noSync.isEmpty(),
                "left out: its server cannot be told whose confirmation counts");
    }

    /// @param section of the keys, with a dot at its end
    /// @param members of the cluster
    void refuseStrangers(String section, SortedSet<NodeId> noFailover, List<NodeId> members) {
        strangers(section + "no-failover", noFailover, members);
        strangers(section + "priority", priority.keySet(), members);
        strangers(section + "no-balance", noBalance, members);
        strangers(section + "no-sync", noSync, members);
    }

    private static void strangers(String key, Iterable<NodeId> named, List<NodeId> members) {
        for (NodeId host : named) {
            Require.that(key, host, members.contains(host), "of its hosts: " + members);
        }
    }
}

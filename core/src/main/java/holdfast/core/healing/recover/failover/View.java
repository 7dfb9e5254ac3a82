package holdfast.core.healing.recover.failover;

import holdfast.core.base.NodeId;
import holdfast.core.healing.fleet.ClusterSpec;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What one member sees before its next move. Times in nanoseconds of one clock of this host.
///
/// @param state null while the cluster was never founded
/// @param holder null while nobody holds the primary's key
/// @param sure the key is ours and cannot have been given to another yet
/// @param members who has said something that still holds, ourselves included
/// @param lastPrimary the last position that the primary told; for the bound of a loss
/// @param vacantNanos since when nobody holds the key, as seen here; 0 while somebody does
/// @param promisedNanos until when we promised a primary without the store not to pledge; 0 for never
/// @param wish what a person asked for, null for nothing
public record View(
        NodeId me,
        ClusterSpec spec,
        @Nullable ClusterState state,
        @Nullable Holder holder,
        boolean sure,
        SortedMap<NodeId, Member> members,
        Local local,
        Position lastPrimary,
        long vacantNanos,
        long promisedNanos,
        @Nullable Wish wish,
        long nowNanos) {
    public View {
        members = Collections.unmodifiableSortedMap(new TreeMap<>(members));
    }

    /// Whether `host` holds the primary's key, as far as we heard.
    public boolean holds(NodeId host) {
        return holder != null && holder.host().equals(host);
    }
}

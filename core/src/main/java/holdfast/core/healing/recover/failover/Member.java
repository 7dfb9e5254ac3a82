package holdfast.core.healing.recover.failover;

import holdfast.core.base.NodeId;
import java.util.List;

/// What a member says of itself, under its own lease: when it is silent, this is gone.
///
/// @param port of its PostgreSQL
/// @param restPort of its health endpoints, 0 for none
/// @param streaming it receives from the primary
/// @param position written and on disk here
/// @param history name of what it writes or receives, where its server gives it one (Redis' replication id); else empty
/// @param pledged the term of which it receives no more and will acknowledge nothing: its position is final; 0 for none
/// @param tags in what it differs from others, see [holdfast.core.healing.fleet.ClusterSpec#tagsOf]
public record Member(
        NodeId host,
        String address,
        int port,
        int restPort,
        Role role,
        boolean streaming,
        Position position,
        long pledged,
        boolean pendingRestart,
        String history,
        List<String> tags) {
    public Member {
        if (history == null) history = ""; // written before there was any
        tags = tags == null ? List.of() : List.copyOf(tags); // the same
    }

    /// What its server is.
    public enum Role {
        PRIMARY,
        REPLICA,
        /// Not running, or being made.
        STOPPED
    }
}

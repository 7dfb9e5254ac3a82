package holdfast.core.healing.recover.failover;

import holdfast.core.base.NodeId;

/// What a member says of itself, under its own lease: when it is silent, this is gone.
///
/// @param port of its PostgreSQL
/// @param restPort of its health endpoints, 0 for none
/// @param streaming it receives from the primary
/// @param position written and on disk here
/// @param history name of what it writes or receives, where its server gives it one (Redis' replication id); else empty
/// @param pledged the term of which it receives no more and will acknowledge nothing: its position is final; 0 for none
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
        String history) {
    public Member {
        if (history == null) history = ""; // written before there was any
    }

    /// What its server is.
    public enum Role {
        PRIMARY,
        REPLICA,
        /// Not running, or being made.
        STOPPED
    }
}

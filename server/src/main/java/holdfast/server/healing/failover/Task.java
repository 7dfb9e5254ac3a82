package holdfast.server.healing.failover;

/// What a person asks one member for: the value of `tasks/HOST`, deleted when it begins.
public record Task(String id, Kind kind) {
    public enum Kind {
        /// Stop the server in an orderly way; it is started again at once.
        RESTART,
        /// Delete the replica's data and copy the primary's.
        REINIT
    }
}

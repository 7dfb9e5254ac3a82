package holdfast.core.healing.isolate;

/// The rungs of isolation that the loop has, lowest first.
public enum Isolation {
    /// Out of routing: its endpoint is deleted. Undone by publishing it again.
    EJECT,
    /// SIGKILL by its agent, which a restart does first. For what may wake up again.
    KILL,
    /// Wait until the host's lease has run out: then its agent has stopped its instances' traffic.
    AWAIT_LEASE
}

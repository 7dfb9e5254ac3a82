package holdfast.core.proof.sim;

/// What must hold in every world.
public enum Invariant {
    /// An older fence is never admitted after a newer one.
    FENCE,
    /// Nothing is ordered before the store names it.
    JOURNAL_FIRST,
    /// Restarts and isolation stay within their limits.
    BUDGET,
    /// No action is done twice.
    ONCE,
    /// What the store acknowledged is there.
    DURABLE,
    /// A watch sees revisions in order.
    WATCH_ORDER,
    /// Every incident ends closed or handed over.
    INCIDENTS_END,
    /// Nothing well stays out of routing for long.
    RETURN,
    /// When all faults are over, every instance is well or handed over.
    HEALED,
    /// Two runs of one instance never serve at once for long.
    ONE_RUN
}

package holdfast.core.proof.sim;

/// Planted bugs, one for each invariant: the suite must find every one of them.
public enum Bug {
    NONE,
    /// Agents admit every fence.
    GATE_OPEN,
    /// The driver acts first and journals later.
    ACT_BEFORE_JOURNAL,
    /// Assignments lose their history of restarts, so that the budget never fills.
    FORGET_RESTARTS,
    /// Agents forget which actions they did, and orders reach them twice.
    FORGET_DONE,
    /// The store acknowledges a write now and then that it did not make.
    LOSE_WRITE,
    /// A watch now and then delivers the newer of two events first.
    SWAP_WATCH,
    /// The ledger keeps incidents open that the loop closed.
    LOSE_CLOSE,
    /// The ledger leaves out the return to routing.
    LOSE_PUBLISH,
    /// The loop no longer hears of exits, probes and rosters after a while.
    DEAF,
    /// Agents go on serving when they cannot renew their lease.
    SERVE_WITHOUT_LEASE
}

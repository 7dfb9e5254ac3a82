package holdfast.core.proof.sim;

/// Planted bugs, one for each invariant: the suite must find every one of them.
public enum Bug {
    NONE(Invariant.FENCE),
    /// Agents admit every fence.
    GATE_OPEN(Invariant.FENCE),
    /// The driver acts first and journals later.
    ACT_BEFORE_JOURNAL(Invariant.JOURNAL_FIRST),
    /// Assignments lose their history of restarts, so that the budget never fills.
    FORGET_RESTARTS(Invariant.BUDGET),
    /// Agents forget which actions they did, and orders reach them twice.
    FORGET_DONE(Invariant.ONCE),
    /// The store acknowledges a write now and then that it did not make.
    LOSE_WRITE(Invariant.DURABLE),
    /// A watch now and then delivers the newer of two events first.
    SWAP_WATCH(Invariant.WATCH_ORDER),
    /// The ledger keeps incidents open that the loop closed.
    LOSE_CLOSE(Invariant.INCIDENTS_END),
    /// The ledger leaves out the return to routing.
    LOSE_PUBLISH(Invariant.RETURN),
    /// The loop no longer hears of exits, probes and rosters after a while.
    DEAF(Invariant.HEALED),
    /// Agents go on serving when they cannot renew their lease.
    SERVE_WITHOUT_LEASE(Invariant.ONE_RUN);

    private final Invariant breaks;

    Bug(Invariant breaks) {
        this.breaks = breaks;
    }

    /// What it breaks, and what the suite must therefore see broken.
    public Invariant breaks() {
        return breaks;
    }
}

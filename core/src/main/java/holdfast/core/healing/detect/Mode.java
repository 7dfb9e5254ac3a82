package holdfast.core.healing.detect;

/// How a part is at fault.
public enum Mode {
    /// An instance's process ended; its parent saw it.
    EXITED,
    /// An instance's process runs and answers nobody.
    FROZEN,
    /// An instance answers badly, or runs and refuses connections.
    FAILING,
    /// No other host reaches an instance; its own host does, or we do not know.
    UNREACHABLE,
    /// An instance was never well since its owner changed it: a bad deploy.
    NEVER_HEALTHY,
    /// A host's agent is gone while its instances still answer.
    AGENT_DOWN,
    /// A host's agent and instances are gone; the machine refuses connections.
    HOST_DOWN,
    /// A host is silent to all: cut off or without power.
    CUT_OFF,
    /// A host can send but nobody can connect to it.
    ONE_WAY,
    /// The loop's leader was lost; another took over.
    LEADER_LOST,
    /// Nothing is wrong: a person asked for it.
    ASKED
}

package holdfast.core.base;

/// A fencing token from consensus: the create revision of the leader's key. A larger epoch is a later holder; whoever
/// acts refuses all but the largest it has seen (Kleppmann, "How to do distributed locking").
public record Fence(long epoch) implements Comparable<Fence> {
    /// Below every token that consensus hands out.
    public static final Fence NONE = new Fence(0);

    public Fence {
        Require.atLeast("epoch", epoch, 0);
    }

    @Override
    public int compareTo(Fence other) {
        return Long.compare(epoch, other.epoch);
    }
}

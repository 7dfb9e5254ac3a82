package holdfast.server.redundancy.proxy;

/// A guest's connection to a server.
public interface Line {
    View.Target target();

    /// Fence of the primary that its answers are good for; 0 for a replica.
    long fence();

    /// The replica has become the primary.
    void promoted(long fence);
}

package holdfast.server.redundancy.proxy;

/// A client's connection, from the first byte to the last. On its desk's event loop.
interface Guest {
    /// The store says something new.
    void changed(View view);

    /// Some time has passed.
    void tick(long nowNanos);

    /// What was in doubt is certain again.
    void certain();

    /// The proxy ends.
    void leave();
}

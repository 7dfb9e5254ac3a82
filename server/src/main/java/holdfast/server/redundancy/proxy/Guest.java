package holdfast.server.redundancy.proxy;

import org.jspecify.annotations.Nullable;

/// A client's connection, from the first byte to the last. On its desk's event loop.
public interface Guest {
    /// It is known to the desk; called once.
    void start();

    /// The server that it is at, or on its way to; null for none.
    View.@Nullable Target target();

    /// The store says something new.
    void changed(View view);

    /// Some time has passed.
    void tick(long nowNanos);

    /// What was in doubt is certain again.
    void certain();

    /// The proxy ends.
    void leave();
}

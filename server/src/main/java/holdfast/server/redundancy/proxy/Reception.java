package holdfast.server.redundancy.proxy;

import io.vertx.core.net.NetSocket;

/// Makes a guest of a connection. Called on the desk's event loop.
public interface Reception {
    /// @param reads came in on the port that leads to replicas
    Guest welcome(Desk desk, NetSocket client, boolean reads);
}

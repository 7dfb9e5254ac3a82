package holdfast.server.redundancy.proxy;

import io.vertx.core.net.NetSocket;
import java.util.EnumSet;
import java.util.Set;

/// Stops reading from a socket while there is a reason to.
public final class Valve {
    public enum Reason {
        /// The other side does not take it fast enough.
        FULL,
        /// There is no server for it now.
        HELD,
        /// Who the primary is must be confirmed first.
        DOUBT
    }

    private final NetSocket socket;
    private final Set<Reason> reasons = EnumSet.noneOf(Reason.class);

    public Valve(NetSocket socket) {
        this.socket = socket;
    }

    public NetSocket socket() {
        return socket;
    }

    public void shut(Reason reason) {
        if (reasons.isEmpty()) socket.pause();
        reasons.add(reason);
    }

    /// What was read meanwhile may be delivered within this call.
    public void open(Reason reason) {
        if (reasons.remove(reason) && reasons.isEmpty()) socket.resume();
    }
}

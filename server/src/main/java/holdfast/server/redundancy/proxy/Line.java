package holdfast.server.redundancy.proxy;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;
import org.jspecify.annotations.Nullable;

/// A connection to a server in the name of a client: each kind opens it in its own way, then bytes pass. On its desk's
/// event loop.
public abstract class Line {
    private enum Phase {
        OPENING,
        OPEN,
        CLOSED
    }

    private final Pursuit<?> owner;
    private final View.Target target;
    private long fence;
    private Phase phase = Phase.OPENING;
    private @Nullable NetSocket socket;
    private @Nullable Valve valve;

    /// @param fence of the primary that its answers are good for, 0 for a replica
    protected Line(Pursuit<?> owner, View.Target target, long fence) {
        this.owner = owner;
        this.target = target;
        this.fence = fence;
    }

    /// What the server is sent first.
    protected abstract Buffer greeting();

    /// The server answers before it is [#opened].
    protected abstract void heard(Buffer chunk);

    /// There is no connection, or it ended before it was open: is to [#refuse].
    protected abstract void unreachable(String sentence);

    protected final View.Target target() {
        return target;
    }

    public final long fence() {
        return fence;
    }

    /// The replica has become the primary.
    final void promoted(long to) {
        fence = to;
    }

    final void dial() {
        owner.desk().net().connect(target.port(), target.address()).onComplete(done -> {
            if (phase == Phase.CLOSED) {
                if (done.succeeded()) done.result().close();
            } else if (done.succeeded()) {
                connected(done.result());
            } else {
                unreachable("cannot connect to " + target + ": " + done.cause().getMessage());
            }
        });
    }

    private void connected(NetSocket made) {
        socket = made;
        valve = new Valve(made);
        made.handler(chunk -> {
            if (phase == Phase.OPENING) heard(chunk);
            else if (phase == Phase.OPEN) owner.heard(chunk);
        });
        made.exceptionHandler(_ -> {});
        made.closeHandler(_ -> {
            Phase before = phase;
            if (before == Phase.OPENING) unreachable(target + " closed the connection before it was open");
            phase = Phase.CLOSED;
            if (before == Phase.OPEN) owner.lost();
        });
        made.write(greeting());
    }

    protected final boolean isOpening() {
        return phase == Phase.OPENING;
    }

    protected final boolean isOpen() {
        return phase == Phase.OPEN;
    }

    /// It is as the session was left on the server before.
    protected final void opened() {
        phase = Phase.OPEN;
        owner.attached();
    }

    /// It will not be opened.
    ///
    /// @param again whether another try may succeed soon
    /// @param error for the client, if not
    protected final void refuse(boolean again, Buffer error) {
        close();
        owner.refused(again, error);
    }

    public final void write(Buffer bytes) {
        if (socket != null && phase != Phase.CLOSED) socket.write(bytes);
    }

    /// Whether it takes what it is sent more slowly than it is sent; `resumed` is called once that is over.
    final boolean isFull(Runnable resumed) {
        if (socket == null || !socket.writeQueueFull()) return false;
        socket.drainHandler(_ -> resumed.run());
        return true;
    }

    final void shut(Valve.Reason reason) {
        if (valve != null) valve.shut(reason);
    }

    final void open(Valve.Reason reason) {
        if (valve != null) valve.open(reason);
    }

    /// Ends the connection; its owner hears no more of it.
    final void close() {
        close(Buffer.buffer());
    }

    /// @param farewell for the server, empty for none
    final void close(Buffer farewell) {
        if (phase == Phase.CLOSED) return;
        phase = Phase.CLOSED;
        if (socket == null) return;
        if (farewell.length() > 0) socket.write(farewell);
        socket.close();
    }
}

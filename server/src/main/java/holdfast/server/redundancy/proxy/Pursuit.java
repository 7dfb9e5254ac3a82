package holdfast.server.redundancy.proxy;

import holdfast.core.redundancy.frames.Cutter;
import io.vertx.core.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/// A client that has a server while it needs one: seeks one by role and fence, is held while there is none, up to a
/// bound, and leaves it when the fence changes. While nothing is owed the server may be changed without the client's
/// knowledge, and what the client sends meanwhile waits; else losing the server ends the session. Nothing is sent
/// twice. What both say to each other is the subclass's. One event loop.
///
/// @param <L> connections to servers
public abstract class Pursuit<L extends Line> implements Guest {
    private static final long RETRY_NANOS = 50_000_000;
    private static final Buffer NOTHING = Buffer.buffer();

    /// Why a session is ended.
    protected enum Ending {
        /// The server must not be used any more, in the middle of something.
        LOST,
        /// There has been no server for too long.
        HELD,
        /// The proxy ends.
        CLOSED
    }

    private final Desk desk;
    private final Valve client;
    private final boolean reads;
    private final boolean admitted;
    private final Cutter fromClient;
    private final Cutter fromServer;
    private @Nullable L line; // open
    private @Nullable L attempt; // on its way
    private boolean closed;
    private boolean ending;
    private boolean shunned;
    private boolean draining;
    private long drainSinceNanos;
    private boolean waiting;
    private long waitSinceNanos;
    private long retryAtNanos;

    /// @param reads came in on the port that leads to replicas
    /// @param admitted by [Desk#admit]
    protected Pursuit(Desk desk, Valve client, boolean reads, boolean admitted, Cutter fromClient, Cutter fromServer) {
        this.desk = desk;
        this.client = client;
        this.reads = reads;
        this.admitted = admitted;
        this.fromClient = fromClient;
        this.fromServer = fromServer;
    }

    // ---- what each kind of client brings ------------------------------------------------------------------------

    /// A connection to a server, not dialled yet.
    ///
    /// @param fence that its answers are good for, 0 for a replica
    protected abstract L line(View.Target target, long fence);

    /// There is a server, which is as the one before was left.
    protected abstract void begin(L server);

    /// Whether nothing is owed, and nothing is open that lives on the server only.
    protected abstract boolean isIdle();

    /// What the client is told when its session cannot be carried over to another server; null when it can.
    protected abstract @Nullable Buffer stuck();

    /// Passes on what the client has sent, as far as it may go now.
    ///
    /// @param chunk what has just come; null for nothing
    protected abstract void pass(@Nullable Buffer chunk);

    /// Passes on what the server has said.
    ///
    /// @param chunk as above
    protected abstract void answer(L server, @Nullable Buffer chunk);

    /// What the client is told; empty for nothing.
    protected abstract Buffer lastWords(Ending why);

    /// Whether it may never be idle by itself.
    protected boolean isBlocked() {
        return false;
    }

    /// Looks at the time, while the server may be used.
    protected void look(long nowNanos) {}

    /// What the server is told before it is left; empty for nothing.
    protected Buffer farewell() {
        return NOTHING;
    }

    /// It has ended.
    protected void gone() {}

    // ---- a server -----------------------------------------------------------------------------------------------

    @Override
    public final View.@Nullable Target target() {
        Line now = line != null ? line : attempt;
        return now == null ? null : now.target();
    }

    public final Desk desk() {
        return desk;
    }

    /// The one that it is at; null while there is none.
    protected final @Nullable L server() {
        return line;
    }

    protected final void seek() {
        if (closed || line != null) return;
        if (!waiting) {
            waiting = true;
            waitSinceNanos = desk.nanos();
            retryAtNanos = waitSinceNanos;
            desk.waits(1);
        }
        client.shut(Valve.Reason.HELD);
        if (attempt != null || !desk.isSure() || desk.nanos() < retryAtNanos) return;
        View view = desk.view();
        View.Target replica = reads ? desk.replica() : null;
        View.Target target = replica != null ? replica : view.writable();
        if (target == null) return;
        retryAtNanos = desk.nanos() + RETRY_NANOS;
        L next = line(target, replica != null ? 0 : view.fence());
        attempt = next;
        next.dial();
    }

    final void attached() {
        L ready = attempt;
        attempt = null;
        if (ready == null) return;
        if (closed || desk.standing(ready) != Desk.Standing.KEEP) {
            ready.close();
            seek();
            return;
        }
        line = ready;
        draining = false;
        shunned = false;
        fromServer.clear();
        begin(ready);
        waiting = false;
        desk.waits(-1);
        desk.waited(desk.nanos() - waitSinceNanos);
        pass(null);
    }

    final void refused(boolean again, Buffer error) {
        attempt = null;
        if (closed) return;
        if (again) retryAtNanos = desk.nanos() + RETRY_NANOS;
        else end("refused", error);
    }

    /// Leaves the server while nothing is owed.
    protected final void detach() {
        L left = line;
        if (left == null) return;
        left.close(farewell());
        line = null;
        draining = false;
        fromServer.clear();
        Buffer stuck = stuck();
        if (stuck != null) {
            end("stuck", stuck);
            return;
        }
        boolean asks = !fromClient.isEmpty();
        if (asks) seek();
        client.open(Valve.Reason.FULL); // that was about the server that is left
        if (!asks) client.open(Valve.Reason.HELD);
    }

    /// The server must not be used any more.
    private void cut(String reason) {
        if (isIdle()) detach();
        else end(reason, lastWords(Ending.LOST));
    }

    /// The server does not lead, whatever the store says: nothing new begins there.
    protected final void shun() {
        shunned = true;
    }

    /// The server is about to close the connection, and that is in order.
    protected final void expectEnd() {
        ending = true;
    }

    final void lost() {
        if (closed) return;
        if (ending) close();
        else cut("lost");
    }

    // ---- what passes --------------------------------------------------------------------------------------------

    protected final void said(Buffer chunk) {
        if (closed) return;
        fromClient.take(chunk.getBytes());
        pass(chunk);
    }

    /// Some bytes of what was taken last.
    ///
    /// @param chunk that may be passed on itself instead of a copy; null for none
    public static Buffer slice(Cutter frames, int from, int to, @Nullable Buffer chunk) {
        if (chunk != null && from == 0 && to == frames.data().length && to == chunk.length()) return chunk;
        return Buffer.buffer(to - from).appendBytes(frames.data(), from, to - from);
    }

    /// Whether nothing new may begin.
    protected final boolean isHeld() {
        return draining || shunned || !desk.isSure();
    }

    /// To be called when everything was passed to the server, or all before what is held.
    protected final void passed(L server, boolean held) {
        if (held) {
            client.shut(Valve.Reason.HELD);
        } else {
            if (server.isFull(() -> client.open(Valve.Reason.FULL))) client.shut(Valve.Reason.FULL);
            client.open(Valve.Reason.HELD);
        }
    }

    final void heard(Buffer chunk) {
        if (closed) return;
        desk.beat();
        fromServer.take(chunk.getBytes());
        answer(chunk);
    }

    private void answer(@Nullable Buffer chunk) {
        L now = line;
        if (closed || now == null) return;
        if (desk.isSure()) answer(now, chunk);
        else now.shut(Valve.Reason.DOUBT);
    }

    /// To be called when the server's answers were passed to the client.
    ///
    /// @param over whether something ended with them
    protected final void answered(L server, boolean over) {
        if (client.socket().writeQueueFull()) {
            server.shut(Valve.Reason.FULL);
            client.socket().drainHandler(_ -> server.open(Valve.Reason.FULL));
        }
        if ((draining || shunned) && isIdle()) detach();
        else if (over) unhold();
    }

    private void unhold() {
        if (!closed && line != null) pass(null);
    }

    // ---- the desk -----------------------------------------------------------------------------------------------

    @Override
    public final void changed(View view) {
        L now = line;
        if (now != null) {
            switch (desk.standing(now)) {
                case KEEP -> {
                    draining = false;
                    unhold();
                }
                case DRAIN -> drain();
                case CUT -> cut("fence");
            }
        }
        L onItsWay = attempt;
        if (onItsWay != null && desk.standing(onItsWay) != Desk.Standing.KEEP) {
            onItsWay.close();
            attempt = null;
        }
        if (waiting) {
            retryAtNanos = desk.nanos();
            seek();
        }
    }

    private void drain() {
        if (!draining) {
            draining = true;
            drainSinceNanos = desk.nanos();
        }
        if (isIdle()) detach();
    }

    @Override
    public final void tick(long nowNanos) {
        if (waiting && nowNanos - waitSinceNanos > desk.holdNanos()) end("held", lastWords(Ending.HELD));
        else if (waiting) seek();
        else if (draining && (isBlocked() || nowNanos - drainSinceNanos > desk.drainNanos())) cut("drain");
        else if (desk.unsureNanos() > desk.holdNanos()) cut("doubt");
        else look(nowNanos);
    }

    @Override
    public final void certain() {
        L now = line;
        if (now == null) return;
        answer(null);
        if (line == null) return; // it was left
        unhold();
        now.open(Valve.Reason.DOUBT);
    }

    @Override
    public final void leave() {
        end("closed", lastWords(Ending.CLOSED));
    }

    /// @param reason for the metrics
    /// @param lastWords for the client; empty for none
    protected void end(String reason, Buffer lastWords) {
        if (closed) return;
        desk.count(reason);
        if (lastWords.length() > 0) client.socket().write(lastWords);
        close();
    }

    protected final boolean isClosed() {
        return closed;
    }

    protected final void close() {
        if (closed) return;
        closed = true;
        if (waiting) desk.waits(-1);
        if (line != null) line.close(farewell());
        if (attempt != null) attempt.close();
        client.socket().close();
        gone();
        desk.gone(this, admitted);
    }
}

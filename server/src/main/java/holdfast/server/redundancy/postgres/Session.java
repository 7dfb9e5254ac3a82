package holdfast.server.redundancy.postgres;

import holdfast.core.redundancy.proxy.Carried;
import holdfast.core.redundancy.proxy.Conversation;
import holdfast.core.redundancy.proxy.Conversation.Verdict;
import holdfast.core.redundancy.proxy.Frames;
import holdfast.core.redundancy.proxy.Frames.Piece;
import holdfast.server.redundancy.proxy.Desk;
import holdfast.server.redundancy.proxy.Guest;
import holdfast.server.redundancy.proxy.Valve;
import holdfast.server.redundancy.proxy.View;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;
import org.jspecify.annotations.Nullable;

/// One client that is logged in. It has a server while it needs one: between transactions the server may be changed
/// without the client's knowledge, and what the client sends while there is none waits. In the middle of a
/// transaction, or with an answer owed, losing the server ends the session. Nothing is sent twice. One event loop.
final class Session implements Guest, Backend.Owner {
    /// Messages up to this are looked at and passed on whole.
    static final int WHOLE_BYTES_MAX = 32 * 1024;

    private static final int READY_OWED_MAX = 10_000;
    private static final long RETRY_NANOS = 50_000_000;
    private static final String LOST = "the connection to the server was lost; what was not answered may have happened";

    private final Front front;
    private final Desk desk;
    private final NetSocket client;
    private final Valve valve;
    private final Frames fromClient;
    private final Frames fromServer = new Frames(WHOLE_BYTES_MAX);
    private final boolean reads;
    private final Identity identity;
    private final int key;
    private final int secret;
    private final Conversation conversation = new Conversation();
    private @Nullable Backend backend; // open
    private @Nullable Backend attempt; // on its way
    private boolean welcomed;
    private boolean closed;
    private boolean draining;
    private boolean saidGoodbye;
    private long drainSinceNanos;
    private boolean waiting;
    private long waitSinceNanos;
    private long retryAtNanos;

    Session(Front front, Desk desk, Valve valve, Frames fromClient, boolean reads, Identity identity) {
        this.front = front;
        this.desk = desk;
        this.client = valve.socket();
        this.valve = valve;
        this.fromClient = fromClient;
        this.reads = reads;
        this.identity = identity;
        this.key = front.keys().register(this);
        this.secret = Front.randomInt();
    }

    @Override
    public void start() {
        client.handler(this::heard);
        client.closeHandler(_ -> close());
        seek();
    }

    int secret() {
        return secret;
    }

    Desk desk() {
        return desk;
    }

    @Override
    public View.@Nullable Target target() {
        Backend now = backend != null ? backend : attempt;
        return now == null ? null : now.target();
    }

    // ---- a server ---------------------------------------------------------------------------------------------

    private void seek() {
        if (closed || backend != null) return;
        if (!waiting) {
            waiting = true;
            waitSinceNanos = desk.nanos();
            retryAtNanos = waitSinceNanos;
            desk.waits(1);
        }
        valve.shut(Valve.Reason.HELD);
        if (attempt != null || !desk.isSure() || desk.nanos() < retryAtNanos) return;
        View view = desk.view();
        View.Target replica = reads ? desk.replica() : null;
        View.Target target = replica != null ? replica : view.writable();
        if (target == null) return;
        retryAtNanos = desk.nanos() + RETRY_NANOS;
        attempt = new Backend(
                desk, target, replica != null ? 0 : view.fence(), !reads, identity, conversation.carried(), this);
    }

    @Override
    public void attached(Backend ready) {
        attempt = null;
        if (closed || desk.standing(ready) != Desk.Standing.KEEP) {
            ready.close();
            seek();
            return;
        }
        backend = ready;
        draining = false;
        fromServer.clear();
        conversation.moved();
        greet(ready);
        waiting = false;
        desk.waits(-1);
        desk.waited(desk.nanos() - waitSinceNanos);
        pass();
    }

    /// Tells the client what it must know of its server.
    private void greet(Backend ready) {
        Carried carried = conversation.carried();
        Buffer greeting = Buffer.buffer();
        ready.reported().forEach((name, value) -> {
            if (!value.equals(carried.reported().get(name))) {
                carried.report(name, value);
                greeting.appendBuffer(Messages.parameterStatus(name, value));
            }
        });
        if (!welcomed) {
            welcomed = true;
            greeting.appendBuffer(Messages.keyData(key, secret)).appendBuffer(Messages.ready());
        }
        if (greeting.length() > 0) client.write(greeting);
    }

    @Override
    public void refused(Backend refused, boolean again, String code, Buffer error) {
        if (attempt == refused) attempt = null;
        if (closed) return;
        boolean full = welcomed && code.startsWith("53"); // others are on their way to it as well
        if (again || full) retryAtNanos = desk.nanos() + RETRY_NANOS;
        else end("refused", error);
    }

    /// Leaves the server between transactions.
    private void detach() {
        Backend left = backend;
        if (left == null) return;
        left.close(true);
        backend = null;
        draining = false;
        fromServer.clear();
        String stuck = conversation.carried().stuck();
        if (stuck != null) {
            end(
                    "stuck",
                    Messages.fatal(
                            "57P01",
                            "the server has changed and this session used " + stuck
                                    + ", which cannot be carried over"));
            return;
        }
        conversation.moved();
        boolean asks = !fromClient.isEmpty();
        if (asks) seek();
        valve.open(Valve.Reason.FULL); // that was about the server that is left
        if (!asks) valve.open(Valve.Reason.HELD);
    }

    /// The server must not be used any more.
    private void cut(String reason) {
        if (conversation.isIdle()) detach();
        else end(reason, Messages.fatal("08006", LOST));
    }

    @Override
    public void lost(Backend lost) {
        if (closed || lost != backend) return;
        if (saidGoodbye) close();
        else cut("lost");
    }

    // ---- client to server -------------------------------------------------------------------------------------

    private void heard(Buffer chunk) {
        if (closed) return;
        fromClient.take(chunk.getBytes());
        pass();
    }

    /// Passes on what the client has sent, as far as it may go now.
    private void pass() {
        int from = fromClient.end();
        boolean held = false;
        boolean bad = false;
        boolean leaves = false;
        while (!fromClient.isEmpty()) {
            if (fromClient.atBoundary()) {
                leaves = fromClient.peek() == 'X';
                if (leaves) break;
                held = backend == null || isHeld();
                if (held) break;
            }
            Piece piece = fromClient.next();
            if (piece == Piece.NONE) break;
            bad = piece == Piece.BAD;
            if (bad) break;
            if (piece != Piece.REST) conversation.sent(fromClient, piece);
        }
        int to = fromClient.end();
        Backend now = backend;
        if (now != null && to > from)
            now.write(Buffer.buffer(to - from).appendBytes(fromClient.data(), from, to - from));
        if (bad) {
            end("garbage", Messages.fatal("08P01", "invalid message of the client"));
        } else if (leaves) {
            close();
        } else if (now == null) {
            if (held) seek();
        } else if (held) {
            valve.shut(Valve.Reason.HELD);
        } else {
            if (now.isFull(() -> valve.open(Valve.Reason.FULL))) valve.shut(Valve.Reason.FULL);
            valve.open(Valve.Reason.HELD);
        }
    }

    private boolean isHeld() {
        if (conversation.readyOwed() >= READY_OWED_MAX) return true;
        return (draining || !desk.isSure()) && !conversation.goesOn();
    }

    private void unhold() {
        if (!closed && backend != null) pass();
    }

    @Override
    public void bytes(Backend from, Buffer chunk) {
        if (closed || from != backend) return;
        desk.beat();
        fromServer.take(chunk.getBytes());
        answer();
    }

    /// Passes on what the server has said.
    private void answer() {
        Backend now = backend;
        if (closed || now == null) return;
        if (!desk.isSure()) {
            now.shut(Valve.Reason.DOUBT);
            return;
        }
        int from = fromServer.end();
        boolean ready = false;
        while (true) {
            Piece piece = fromServer.next();
            if (piece == Piece.NONE) break;
            if (piece == Piece.REST) continue;
            if (piece == Piece.BAD) {
                end("garbage", Messages.fatal("08P01", "invalid message of the server"));
                return;
            }
            switch (conversation.heard(fromServer, piece)) {
                case Verdict.Pass _, Verdict.Reported _ -> {}
                case Verdict.Ready _ -> ready = true;
                case Verdict.Fatal(String code) -> {
                    if (leaves(code)) {
                        tell(from, fromServer.start());
                        detach();
                        return;
                    }
                    saidGoodbye = true;
                    desk.count("server");
                }
                case Verdict.WaitCancelled _ -> {
                    tell(from, fromServer.end());
                    end(
                            "unreplicated",
                            Messages.fatal(
                                    "08007",
                                    "the transaction has been committed on one server and "
                                            + "may not have reached its replicas; whether it lasts is not known"));
                    return;
                }
            }
        }
        tell(from, fromServer.end());
        if (client.writeQueueFull()) {
            now.shut(Valve.Reason.FULL);
            client.drainHandler(_ -> now.open(Valve.Reason.FULL));
        }
        if (!ready) return;
        if (draining && conversation.isIdle()) detach();
        else unhold();
    }

    /// Whether a server that ends the connection with this code, between transactions, is merely to be left.
    private boolean leaves(String code) {
        return conversation.isIdle() && (code.equals("57P01") || code.equals("57P02") || code.equals("57P03"));
    }

    private void tell(int from, int to) {
        if (to > from) client.write(Buffer.buffer(to - from).appendBytes(fromServer.data(), from, to - from));
    }

    // ---- the desk ---------------------------------------------------------------------------------------------

    @Override
    public void changed(View view) {
        Backend now = backend;
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
        Backend onItsWay = attempt;
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
        if (conversation.isIdle()) detach();
    }

    @Override
    public void tick(long nowNanos) {
        if (waiting && nowNanos - waitSinceNanos > desk.holdNanos()) {
            end(
                    "held",
                    Messages.fatal(
                            "08006",
                            "there has been no server that could take this session for " + desk.holdNanos() / 1_000_000
                                    + " ms"));
        } else if (waiting) {
            seek();
        } else if (draining && nowNanos - drainSinceNanos > desk.drainNanos()) {
            cut("drain");
        } else if (desk.unsureNanos() > desk.holdNanos()) {
            cut("doubt");
        }
    }

    @Override
    public void certain() {
        Backend now = backend;
        if (now == null) return;
        answer();
        if (backend != now) return;
        unhold();
        now.open(Valve.Reason.DOUBT);
    }

    /// Cancels what runs for this client.
    void cancel(Runnable done) {
        if (backend == null) done.run();
        else backend.cancel(done);
    }

    @Override
    public void leave() {
        end("closed", Messages.fatal("57P01", "the proxy ends"));
    }

    /// Tells the client why and closes; without a word when that would fall into the middle of a message.
    private void end(String reason, Buffer error) {
        if (closed) return;
        desk.count(reason);
        if (fromServer.atBoundary()) client.write(error);
        close();
    }

    private void close() {
        if (closed) return;
        closed = true;
        if (waiting) desk.waits(-1);
        if (backend != null) backend.close(fromClient.atBoundary());
        if (attempt != null) attempt.close();
        client.close();
        front.keys().release(key);
        desk.gone(this, true);
    }
}

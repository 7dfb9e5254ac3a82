package holdfast.server.redundancy.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.core.redundancy.resp.Command;
import holdfast.core.redundancy.resp.Conversation;
import holdfast.core.redundancy.resp.Frames;
import holdfast.core.redundancy.resp.Frames.Piece;
import holdfast.core.redundancy.resp.Kind;
import holdfast.core.redundancy.resp.Reply;
import holdfast.server.redundancy.proxy.Desk;
import holdfast.server.redundancy.proxy.Guest;
import holdfast.server.redundancy.proxy.Valve;
import holdfast.server.redundancy.proxy.View;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One client. It has a server while it needs one: between commands the server may be changed without the client's
/// knowledge, and what the client sends while there is none waits. With a reply owed, or something open that lives on
/// the server only, losing the server ends the connection without a word: an error would say that the command has not
/// happened. Nothing is sent twice. One event loop.
final class Session implements Guest, Backend.Owner {
    private static final int WHOLE_BYTES_MAX = 32 * 1024; // larger commands and replies are passed on in pieces
    private static final int OWED_MAX = 10_000;
    private static final long RETRY_NANOS = 50_000_000;
    private static final long CONFIRM_MILLIS = 1_000; // then it is asked again, by the rule that holds then

    private final RedisProxyConfig config;
    private final Desk desk;
    private final NetSocket client;
    private final Valve valve;
    private final Frames fromClient = new Frames(Frames.Side.COMMANDS, WHOLE_BYTES_MAX);
    private final Frames fromServer = new Frames(Frames.Side.REPLIES, WHOLE_BYTES_MAX);
    private final boolean reads;
    private final Conversation conversation = new Conversation();
    private @Nullable Backend backend; // open
    private @Nullable Backend attempt; // on its way
    private final Outlet outlet;
    private boolean admitted;
    private boolean closed;
    private boolean draining;
    private boolean demoted;
    private boolean saidGoodbye;
    private long drainSinceNanos;
    private boolean waiting;
    private long waitSinceNanos;
    private long retryAtNanos;
    private String refusal = "";

    Session(RedisProxyConfig config, Desk desk, NetSocket client, boolean reads) {
        this.config = config;
        this.desk = desk;
        this.client = client;
        this.valve = new Valve(client);
        this.outlet = new Outlet(client);
        this.reads = reads;
    }

    @Override
    public void start() {
        client.handler(this::heard);
        client.exceptionHandler(_ -> {});
        client.closeHandler(_ -> close());
        admitted = desk.admit();
        if (!admitted) end("refused", "ERR max number of clients reached");
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
        attempt = new Backend(desk, target, replica != null ? 0 : view.fence(), conversation.carried(), this);
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
        demoted = false;
        refusal = "";
        fromServer.clear();
        conversation.moved();
        waiting = false;
        desk.waits(-1);
        desk.waited(desk.nanos() - waitSinceNanos);
        pass(null);
    }

    @Override
    public void refused(Backend refused, boolean again, String error) {
        if (attempt == refused) attempt = null;
        if (closed) return;
        refusal = error;
        if (again) retryAtNanos = desk.nanos() + RETRY_NANOS;
        else end("refused", error);
    }

    /// Leaves the server between commands.
    private void detach() {
        Backend left = backend;
        if (left == null) return;
        left.close();
        backend = null;
        draining = false;
        fromServer.clear();
        if (conversation.carried().stuck() != null) {
            end("stuck", "");
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
        if (conversation.isIdle() && fromClient.atBoundary()) detach();
        else end(reason, "");
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
        pass(chunk);
    }

    /// Passes on what the client has sent, as far as it may go now.
    ///
    /// @param chunk what has just come; null for nothing
    private void pass(@Nullable Buffer chunk) {
        int from = fromClient.end();
        boolean held = false;
        while (!fromClient.isEmpty()) {
            Piece piece = fromClient.next();
            if (piece == Piece.NONE) break;
            if (piece == Piece.REST) continue;
            if (piece == Piece.BAD) {
                end("garbage", conversation.owed() == 0 ? "ERR Protocol error: no command begins so" : "");
                return;
            }
            Command command = Command.of(fromClient);
            if (isAnsweredHere(command)) return;
            held = backend == null || isHeld(command);
            if (held) {
                fromClient.back();
                break;
            }
            conversation.sent(command, confirms());
            saidGoodbye |= command.kind() == Kind.QUIT;
        }
        Backend now = backend;
        if (now == null) {
            if (held) seek();
            return;
        }
        if (fromClient.end() > from) now.write(Outlet.slice(fromClient, from, fromClient.end(), chunk));
        confirm(now);
        if (held) {
            valve.shut(Valve.Reason.HELD);
        } else {
            if (now.isFull(() -> valve.open(Valve.Reason.FULL))) valve.shut(Valve.Reason.FULL);
            valve.open(Valve.Reason.HELD);
        }
    }

    /// Whether the command goes nowhere; then the connection has ended.
    private boolean isAnsweredHere(Command command) {
        if (command.kind() == Kind.REPLICATION) {
            end("refused", "ERR replication does not go through the proxy, connect to the server itself");
        } else if (command.kind() == Kind.QUIT && backend == null) {
            client.write(Buffer.buffer(Reply.ok().encode(2)));
            close();
        } else if (confirms() && conversation.isUntracked() && command.mayWrite()) {
            end("unconfirmed", ""); // its reply could not be told from others
        } else if (confirms() && command.silences()) {
            end("refused", "ERR without replies no write can be confirmed");
        }
        return closed;
    }

    private boolean isHeld(Command command) {
        if (conversation.owed() >= OWED_MAX) return true;
        if (command.isBarrier() && conversation.isUnconfirmed()) return true;
        return (draining || demoted || !desk.isSure()) && !conversation.goesOn();
    }

    private void unhold() {
        if (!closed && backend != null) pass(null);
    }

    /// Whether the client must not hear of writes before replicas have them.
    private boolean confirms() {
        return config.confirms()
                && backend != null
                && backend.fence() != 0
                && desk.view().confirmations() > 0;
    }

    private void confirm(Backend now) {
        if (closed || !conversation.wantsConfirmation() || !fromClient.atBoundary()) return;
        int need = desk.view().confirmations();
        now.write(Buffer.buffer(Reply.command(List.of("WAIT", "" + need, "" + CONFIRM_MILLIS))));
        conversation.confirmationSent(need);
    }

    // ---- server to client -------------------------------------------------------------------------------------

    @Override
    public void bytes(Backend from, Buffer chunk) {
        if (closed || from != backend) return;
        desk.beat();
        fromServer.take(chunk.getBytes());
        answer(chunk);
    }

    /// Passes on what the server has said.
    ///
    /// @param chunk what has just come; null for nothing
    private void answer(@Nullable Buffer chunk) {
        Backend now = backend;
        if (closed || now == null) return;
        if (!desk.isSure()) {
            now.shut(Valve.Reason.DOUBT);
            return;
        }
        int from = fromServer.end();
        boolean keeps = conversation.keeps();
        while (true) {
            Piece piece = fromServer.next();
            if (piece == Piece.NONE) break;
            if (piece == Piece.REST) continue;
            if (piece == Piece.BAD) {
                end("garbage", "");
                return;
            }
            int start = fromServer.start();
            switch (conversation.heard(fromServer)) {
                case PASS -> {}
                case READONLY -> demoted = now.fence() != 0;
                case CONFIRMED -> {
                    outlet.write(fromServer, from, start, keeps, null);
                    outlet.flush();
                    from = fromServer.end();
                }
                case SHORT -> {
                    outlet.write(fromServer, from, start, keeps, null);
                    from = fromServer.end();
                }
                case UNTOLD -> {
                    end("unconfirmed", "");
                    return;
                }
            }
            if (conversation.keeps() && !keeps) {
                outlet.write(fromServer, from, start, false, null);
                from = Math.max(from, start);
                outlet.keepFrom(desk.nanos());
            }
            keeps = conversation.keeps();
        }
        outlet.write(fromServer, from, fromServer.end(), keeps, chunk);
        if (outlet.isTooMuch()) {
            end("unconfirmed", "");
            return;
        }
        confirm(now);
        if (client.writeQueueFull()) {
            now.shut(Valve.Reason.FULL);
            client.drainHandler(_ -> now.open(Valve.Reason.FULL));
        }
        if ((draining || demoted) && conversation.isIdle() && fromClient.atBoundary()) detach();
        else if (!fromClient.isEmpty()) unhold();
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
        if (conversation.isIdle() && fromClient.atBoundary()) detach();
    }

    @Override
    public void tick(long nowNanos) {
        if (waiting && nowNanos - waitSinceNanos > desk.holdNanos()) {
            String why = refusal.isEmpty() ? "" : ": " + refusal;
            end("held", "LOADING no server for " + desk.holdNanos() / 1_000_000 + " ms" + why);
        } else if (waiting) {
            seek();
        } else if (draining && (conversation.isBlocked() || nowNanos - drainSinceNanos > desk.drainNanos())) {
            cut("drain");
        } else if (desk.unsureNanos() > desk.holdNanos()) {
            cut("doubt");
        } else if (conversation.keeps()
                && outlet.keptNanos(nowNanos) > config.confirmFor().toNanos()) {
            end("unconfirmed", "");
        }
    }

    @Override
    public void certain() {
        Backend now = backend;
        if (now == null) return;
        answer(null);
        if (backend != now) return;
        unhold();
        now.open(Valve.Reason.DOUBT);
    }

    @Override
    public void leave() {
        end("closed", "");
    }

    /// @param error for the client, which is sure that what it asked has not happened; empty to close without a word
    private void end(String reason, String error) {
        if (closed) return;
        desk.count(reason);
        if (!error.isEmpty()) client.write(Buffer.buffer(("-" + error + "\r\n").getBytes(UTF_8)));
        close();
    }

    private void close() {
        if (closed) return;
        closed = true;
        if (waiting) desk.waits(-1);
        if (backend != null) backend.close();
        if (attempt != null) attempt.close();
        client.close();
        desk.gone(this, admitted);
    }
}

package holdfast.server.redundancy.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.core.redundancy.frames.Cutter.Piece;
import holdfast.core.redundancy.resp.Command;
import holdfast.core.redundancy.resp.Conversation;
import holdfast.core.redundancy.resp.Frames;
import holdfast.core.redundancy.resp.Kind;
import holdfast.core.redundancy.resp.Reply;
import holdfast.server.redundancy.proxy.Desk;
import holdfast.server.redundancy.proxy.Pursuit;
import holdfast.server.redundancy.proxy.Valve;
import holdfast.server.redundancy.proxy.View;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One client: between commands its server may be changed. With a reply owed, or something open that lives on the
/// server only, losing the server ends the connection without a word: an error would say that the command has not
/// happened.
final class Session extends Pursuit<Backend> {
    private static final int WHOLE_BYTES_MAX = 32 * 1024; // larger commands and replies are passed on in pieces
    private static final int OWED_MAX = 10_000;
    private static final long CONFIRM_MILLIS = 1_000; // then it is asked again, by the rule that holds then

    private final RedisProxyConfig config;
    private final NetSocket client;
    private final boolean admitted;
    private final Frames fromClient;
    private final Frames fromServer;
    private final Conversation conversation = new Conversation();
    private final Outlet outlet;
    private String refusal = "";

    Session(RedisProxyConfig config, Desk desk, NetSocket client, boolean reads) {
        boolean admitted = desk.admit();
        Frames fromClient = new Frames(Frames.Side.COMMANDS, WHOLE_BYTES_MAX);
        Frames fromServer = new Frames(Frames.Side.REPLIES, WHOLE_BYTES_MAX);
        super(desk, new Valve(client), reads, admitted, fromClient, fromServer);
        this.config = config;
        this.client = client;
        this.admitted = admitted;
        this.fromClient = fromClient;
        this.fromServer = fromServer;
        this.outlet = new Outlet(client);
    }

    @Override
    public void start() {
        client.handler(this::said);
        client.exceptionHandler(_ -> {});
        client.closeHandler(_ -> close());
        if (!admitted) end("refused", error("ERR max number of clients reached"));
    }

    static Buffer error(String text) {
        return Buffer.buffer(("-" + text + "\r\n").getBytes(UTF_8));
    }

    // ---- a server ---------------------------------------------------------------------------------------------

    @Override
    protected Backend line(View.Target target, long fence) {
        return new Backend(this, target, fence, conversation.carried());
    }

    @Override
    protected void begin(Backend server) {
        refusal = "";
        conversation.moved();
    }

    /// Why the last try failed.
    void refusal(String text) {
        refusal = text;
    }

    @Override
    protected boolean isIdle() {
        return conversation.isIdle() && fromClient.atBoundary();
    }

    @Override
    protected boolean isBlocked() {
        return conversation.isBlocked();
    }

    @Override
    protected @Nullable Buffer stuck() {
        return conversation.carried().stuck() == null ? null : Buffer.buffer();
    }

    // ---- client to server -------------------------------------------------------------------------------------

    @Override
    protected void pass(@Nullable Buffer chunk) {
        Backend server = server();
        int from = fromClient.end();
        boolean held = false;
        while (!fromClient.isEmpty()) {
            Piece piece = fromClient.next();
            if (piece == Piece.NONE) break;
            if (piece == Piece.REST) continue;
            if (piece == Piece.BAD) {
                boolean owes = conversation.owed() != 0;
                end("garbage", owes ? Buffer.buffer() : error("ERR Protocol error: no command begins so"));
                return;
            }
            Command command = Command.of(fromClient);
            if (isAnsweredHere(command)) return;
            held = server == null || mustWait(command);
            if (held) {
                fromClient.back();
                break;
            }
            conversation.sent(command, confirms());
            if (command.kind() == Kind.QUIT) expectEnd();
        }
        if (server == null) {
            if (held) seek();
            return;
        }
        if (fromClient.end() > from) server.write(slice(fromClient, from, fromClient.end(), chunk));
        confirm(server);
        passed(server, held);
    }

    /// Whether the command goes nowhere; then the connection has ended.
    private boolean isAnsweredHere(Command command) {
        if (command.kind() == Kind.REPLICATION) {
            end("refused", error("ERR replication does not go through the proxy, connect to the server itself"));
        } else if (command.kind() == Kind.QUIT && server() == null) {
            client.write(Buffer.buffer(Reply.ok().encode(2)));
            close();
        } else if (confirms() && conversation.isUntracked() && command.mayWrite()) {
            unconfirmed(); // its reply could not be told from others
        } else if (confirms() && command.silences()) {
            end("refused", error("ERR without replies no write can be confirmed"));
        }
        return isClosed();
    }

    private boolean mustWait(Command command) {
        if (conversation.owed() >= OWED_MAX) return true;
        if (command.isBarrier() && conversation.isUnconfirmed()) return true;
        return isHeld() && !conversation.goesOn();
    }

    /// Whether the client must not hear of writes before replicas have them.
    private boolean confirms() {
        Backend server = server();
        return config.confirms()
                && server != null
                && server.fence() != 0
                && desk().view().confirmations() > 0;
    }

    private void confirm(Backend server) {
        if (isClosed() || !conversation.wantsConfirmation() || !fromClient.atBoundary()) return;
        int need = desk().view().confirmations();
        server.write(Buffer.buffer(Reply.command(List.of("WAIT", "" + need, "" + CONFIRM_MILLIS))));
        conversation.confirmationSent(need);
    }

    // ---- server to client -------------------------------------------------------------------------------------

    @Override
    protected void answer(Backend server, @Nullable Buffer chunk) {
        int from = fromServer.end();
        boolean keeps = conversation.keeps();
        while (true) {
            Piece piece = fromServer.next();
            if (piece == Piece.NONE) break;
            if (piece == Piece.REST) continue;
            if (piece == Piece.BAD) {
                end("garbage", Buffer.buffer());
                return;
            }
            int start = fromServer.start();
            switch (conversation.heard(fromServer)) {
                case PASS -> {}
                case READONLY -> {
                    if (server.fence() != 0) shun();
                }
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
                    unconfirmed();
                    return;
                }
            }
            if (conversation.keeps() && !keeps) {
                outlet.write(fromServer, from, start, false, null);
                from = Math.max(from, start);
                outlet.keepFrom(desk().nanos());
            }
            keeps = conversation.keeps();
        }
        outlet.write(fromServer, from, fromServer.end(), keeps, chunk);
        if (outlet.isTooMuch()) {
            unconfirmed();
            return;
        }
        confirm(server);
        answered(server, !fromClient.isEmpty());
    }

    @Override
    protected void look(long nowNanos) {
        if (conversation.keeps()
                && outlet.keptNanos(nowNanos) > config.confirmFor().toNanos()) unconfirmed();
    }

    private void unconfirmed() {
        end("unconfirmed", Buffer.buffer());
    }

    @Override
    protected Buffer lastWords(Ending why) {
        if (why != Ending.HELD) return Buffer.buffer();
        String because = refusal.isEmpty() ? "" : ": " + refusal;
        return error("LOADING no server for " + desk().holdNanos() / 1_000_000 + " ms" + because);
    }
}

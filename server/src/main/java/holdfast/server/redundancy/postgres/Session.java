package holdfast.server.redundancy.postgres;

import holdfast.core.redundancy.frames.Cutter.Piece;
import holdfast.core.redundancy.proxy.Carried;
import holdfast.core.redundancy.proxy.Conversation;
import holdfast.core.redundancy.proxy.Conversation.Verdict;
import holdfast.core.redundancy.proxy.Frames;
import holdfast.server.redundancy.proxy.Desk;
import holdfast.server.redundancy.proxy.Pursuit;
import holdfast.server.redundancy.proxy.Valve;
import holdfast.server.redundancy.proxy.View;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;
import org.jspecify.annotations.Nullable;

/// One client that is logged in: between transactions its server may be changed.
final class Session extends Pursuit<Backend> {
    /// Messages up to this are looked at and passed on whole.
    static final int WHOLE_BYTES_MAX = 32 * 1024;

    private static final int READY_OWED_MAX = 10_000;

    private final Front front;
    private final NetSocket client;
    private final Frames fromClient;
    private final Frames fromServer;
    private final boolean reads;
    private final Identity identity;
    private final int key;
    private final int secret;
    private final Conversation conversation = new Conversation();
    private boolean welcomed;

    Session(Front front, Desk desk, Valve valve, Frames fromClient, boolean reads, Identity identity) {
        Frames fromServer = new Frames(WHOLE_BYTES_MAX);
        super(desk, valve, reads, true, fromClient, fromServer);
        this.front = front;
        this.client = valve.socket();
        this.fromClient = fromClient;
        this.fromServer = fromServer;
        this.reads = reads;
        this.identity = identity;
        this.key = front.keys().register(this);
        this.secret = Front.randomInt();
    }

    @Override
    public void start() {
        client.handler(this::said);
        client.closeHandler(_ -> close());
        seek();
    }

    int secret() {
        return secret;
    }

    // ---- a server ---------------------------------------------------------------------------------------------

    @Override
    protected Backend line(View.Target target, long fence) {
        return new Backend(this, target, fence, !reads, welcomed, identity, conversation.carried());
    }

    /// Tells the client what it must know of its server.
    @Override
    protected void begin(Backend server) {
        conversation.moved();
        Carried carried = conversation.carried();
        Buffer greeting = Buffer.buffer();
        server.reported().forEach((name, value) -> {
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
    protected boolean isIdle() {
        return conversation.isIdle();
    }

    @Override
    protected @Nullable Buffer stuck() {
        String stuck = conversation.carried().stuck();
        return stuck == null
                ? null
                : Messages.fatal(
                        "57P01",
                        "the server has changed and this session used " + stuck + ", which cannot be carried over");
    }

    /// Never within a message, which that would change.
    @Override
    protected Buffer farewell() {
        return fromClient.atBoundary() ? Messages.terminate() : super.farewell();
    }

    // ---- client to server -------------------------------------------------------------------------------------

    @Override
    protected void pass(@Nullable Buffer chunk) {
        Backend server = server();
        int from = fromClient.end();
        boolean held = false;
        boolean bad = false;
        boolean leaves = false;
        while (!fromClient.isEmpty()) {
            if (fromClient.atBoundary()) {
                leaves = fromClient.peek() == 'X';
                if (leaves) break;
                held = server == null || mustWait();
                if (held) break;
            }
            Piece piece = fromClient.next();
            if (piece == Piece.NONE) break;
            bad = piece == Piece.BAD;
            if (bad) break;
            if (piece != Piece.REST) conversation.sent(fromClient, piece);
        }
        int to = fromClient.end();
        if (server != null && to > from) server.write(slice(fromClient, from, to, chunk));
        if (bad) {
            end("garbage", Messages.fatal("08P01", "invalid message of the client"));
        } else if (leaves) {
            close();
        } else if (server != null) {
            passed(server, held);
        } else if (held) {
            seek();
        }
    }

    private boolean mustWait() {
        if (conversation.readyOwed() >= READY_OWED_MAX) return true;
        return isHeld() && !conversation.goesOn();
    }

    // ---- server to client -------------------------------------------------------------------------------------

    @Override
    protected void answer(Backend server, @Nullable Buffer chunk) {
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
                        tell(from, fromServer.start(), chunk);
                        detach();
                        return;
                    }
                    expectEnd();
                    desk().count("server");
                }
                case Verdict.WaitCancelled _ -> {
                    tell(from, fromServer.end(), chunk);
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
        tell(from, fromServer.end(), chunk);
        answered(server, ready);
    }

    /// Whether a server that ends the connection with this code, between transactions, is merely to be left.
    private boolean leaves(String code) {
        return conversation.isIdle() && (code.equals("57P01") || code.equals("57P02") || code.equals("57P03"));
    }

    private void tell(int from, int to, @Nullable Buffer chunk) {
        if (to > from) client.write(slice(fromServer, from, to, chunk));
    }

    // ---- the end ----------------------------------------------------------------------------------------------

    /// Cancels what runs for this client. Any thread.
    void cancel(Runnable done) {
        desk().run(() -> {
            Backend server = server();
            if (server == null) done.run();
            else server.cancel(done);
        });
    }

    @Override
    protected Buffer lastWords(Ending why) {
        return switch (why) {
            case LOST ->
                Messages.fatal(
                        "08006", "the connection to the server was lost; what was not answered may have happened");
            case HELD ->
                Messages.fatal(
                        "08006",
                        "there has been no server that could take this session for " + desk().holdNanos() / 1_000_000
                                + " ms");
            case CLOSED -> Messages.fatal("57P01", "the proxy ends");
        };
    }

    /// Without a word when that would fall into the middle of a message.
    @Override
    protected void end(String reason, Buffer lastWords) {
        super.end(reason, fromServer.atBoundary() ? lastWords : Buffer.buffer());
    }

    @Override
    protected void gone() {
        front.keys().release(key);
    }
}

package holdfast.server.redundancy.postgres;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.core.base.Bytes;
import holdfast.core.redundancy.proxy.Carried;
import holdfast.core.redundancy.proxy.Conversation;
import holdfast.core.redundancy.proxy.Frames;
import holdfast.server.redundancy.proxy.Desk;
import holdfast.server.redundancy.proxy.Line;
import holdfast.server.redundancy.proxy.Valve;
import holdfast.server.redundancy.proxy.View;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A connection to a server in the name of a client: logs in with what the client proved, makes again what the
/// client had made on the server before, then passes bytes.
final class Backend implements Line {
    private static final int BODY = 5;
    private static final int KIND_BYTES = 4;

    /// Who it is for. Called on the desk's event loop.
    interface Owner {
        /// It is logged in and as the session was left.
        void attached(Backend backend);

        /// There is no connection, or it ended before it was ready.
        ///
        /// @param again whether another try may succeed soon
        /// @param code SQLSTATE
        /// @param error ready for the client
        void refused(Backend backend, boolean again, String code, Buffer error);

        void bytes(Backend backend, Buffer chunk);

        /// It ended after it was ready.
        void lost(Backend backend);
    }

    private enum Phase {
        LOGIN,
        SETTINGS,
        STATEMENTS,
        OPEN,
        CLOSED
    }

    private final View.Target target;
    private final Desk desk;
    private final Identity identity;
    private final Carried carried;
    private final Owner owner;
    private final boolean wantsPrimary;
    private final Frames frames = new Frames(Session.WHOLE_BYTES_MAX);
    private final Map<String, String> reported = new TreeMap<>();
    private Phase phase = Phase.LOGIN;
    private long fence;
    private @Nullable NetSocket socket;
    private @Nullable Valve valve;
    private Scram.@Nullable Client scram;
    private int process;
    private int secret;
    private int readyOwed;

    /// Connects at once.
    ///
    /// @param fence that its answers are good for, 0 for a replica
    /// @param wantsPrimary refuse a server that is in recovery
    Backend(
            Desk desk,
            View.Target target,
            long fence,
            boolean wantsPrimary,
            Identity identity,
            Carried carried,
            Owner owner) {
        this.desk = desk;
        this.target = target;
        this.fence = fence;
        this.wantsPrimary = wantsPrimary;
        this.identity = identity;
        this.carried = carried;
        this.owner = owner;
        desk.net().connect(target.port(), target.address()).onComplete(done -> {
            if (phase == Phase.CLOSED) {
                if (done.succeeded()) done.result().close();
            } else if (done.succeeded()) {
                connected(done.result());
            } else {
                refuse(
                        true,
                        "08001",
                        "cannot connect to " + target + ": " + done.cause().getMessage());
            }
        });
    }

    @Override
    public View.Target target() {
        return target;
    }

    @Override
    public long fence() {
        return fence;
    }

    @Override
    public void promoted(long to) {
        fence = to;
    }

    Map<String, String> reported() {
        return reported;
    }

    boolean isOpen() {
        return phase == Phase.OPEN;
    }

    private void connected(NetSocket opened) {
        socket = opened;
        valve = new Valve(opened);
        opened.handler(this::bytes);
        opened.exceptionHandler(_ -> {});
        opened.closeHandler(_ -> ended());
        opened.write(Messages.startup(identity.parameters()));
    }

    private void ended() {
        switch (phase) {
            case LOGIN, SETTINGS, STATEMENTS ->
                refuse(true, "08006", target + " closed the connection during the login");
            case OPEN -> {
                phase = Phase.CLOSED;
                owner.lost(this);
            }
            case CLOSED -> {}
        }
    }

    private void refuse(boolean again, String code, String sentence) {
        refuse(again, code, Messages.fatal(code, sentence));
    }

    private void refuse(boolean again, String code, Buffer error) {
        close();
        owner.refused(this, again, code, error);
    }

    private void bytes(Buffer chunk) {
        if (phase == Phase.OPEN) {
            owner.bytes(this, chunk);
            return;
        }
        frames.take(chunk.getBytes());
        while (phase != Phase.OPEN && phase != Phase.CLOSED) {
            switch (frames.next()) {
                case NONE -> {
                    return;
                }
                case FIRST, REST -> {} // too large to matter
                case BAD -> refuse(false, "08P01", target + " does not speak PostgreSQL's protocol");
                case WHOLE -> message();
            }
        }
    }

    private void message() {
        int from = frames.start() + BODY;
        byte[] data = frames.data();
        switch (frames.type()) {
            case 'R' -> authenticate(Buffer.buffer().appendBytes(data, from, frames.end() - from));
            case 'S' -> {
                String[] texts = new String(data, from, frames.end() - from, ISO_8859_1).split("\0", -1);
                if (texts.length > 1) reported.put(texts[0], texts[1]);
            }
            case 'K' -> {
                Buffer key = Buffer.buffer().appendBytes(data, from, frames.end() - from);
                process = key.getInt(0);
                secret = key.getInt(Integer.BYTES);
            }
            case 'E' -> error();
            case 'Z' -> ready();
            default -> {} // notices, and answers to what is made again
        }
    }

    private void error() {
        String code = String.valueOf(Conversation.field(frames, 'C'));
        String sentence = Conversation.field(frames, 'M');
        boolean again = code.equals("57P01") || code.equals("57P02") || code.equals("57P03"); // it starts or stops
        if (phase == Phase.LOGIN || again) {
            int length = frames.end() - frames.start();
            refuse(again, code, Buffer.buffer().appendBytes(frames.data(), frames.start(), length));
        } else {
            refuse(false, "57P01", "the session cannot be carried over to " + target + ": " + sentence);
        }
    }

    private void authenticate(Buffer body) {
        int kind = body.getInt(0);
        String text = body.getString(KIND_BYTES, body.length(), UTF_8.name());
        Scram.Proved proved = identity.scram();
        Scram.Client client = scram;
        String md5 = identity.md5();
        Buffer answer = null; // none that could be given
        switch (kind) {
            case Messages.AUTH_OK -> answer = Buffer.buffer();
            case Messages.AUTH_SASL -> {
                if (proved != null && (text + "\0").contains(Scram.MECHANISM + "\0")) {
                    scram = new Scram.Client(proved);
                    answer = Messages.saslInitial(Scram.MECHANISM, scram.first());
                }
            }
            case Messages.AUTH_SASL_CONTINUE -> {
                String last = client == null ? null : client.answer(text);
                if (last != null) answer = Messages.sasl(last);
            }
            case Messages.AUTH_SASL_FINAL -> {
                if (client != null && client.trusts(text)) answer = Buffer.buffer();
            }
            case Messages.AUTH_MD5 -> {
                if (md5 != null) {
                    byte[] digest = md5.substring("md5".length()).getBytes(ISO_8859_1);
                    byte[] salt = body.getBytes(KIND_BYTES, body.length());
                    answer = Messages.password(Scram.md5(digest, salt));
                }
            }
            default -> {}
        }
        if (answer == null) {
            refuse(false, "28000", target + " asks for a login that the proxy cannot make (kind " + kind + ")");
        } else if (answer.length() > 0) {
            write(answer);
        }
    }

    private void ready() {
        switch (phase) {
            case LOGIN -> {
                if (wantsPrimary && "on".equals(reported.get("in_hot_standby"))) {
                    refuse(true, "57P03", target + " is not promoted yet");
                    return;
                }
                phase = Phase.SETTINGS;
                Buffer batch = Buffer.buffer();
                for (String statement : carried.settings()) batch.appendBuffer(Messages.query(statement));
                await(batch, carried.settings().size());
            }
            case SETTINGS, STATEMENTS -> {
                readyOwed--;
                if (readyOwed == 0) next();
            }
            case OPEN, CLOSED -> {}
        }
    }

    private void await(Buffer batch, int readies) {
        readyOwed = readies;
        if (readies == 0) next();
        else write(batch);
    }

    private void next() {
        if (phase == Phase.SETTINGS) {
            phase = Phase.STATEMENTS;
            Buffer batch = Buffer.buffer();
            Map<String, String> differing = carried.differing(reported);
            differing.forEach((name, value) -> batch.appendBuffer(Messages.query(
                    "SELECT pg_catalog.set_config(E'" + escaped(name) + "', E'" + escaped(value) + "', false)")));
            for (Bytes parse : carried.statements()) {
                batch.appendBytes(parse.toArray()).appendBuffer(Messages.sync());
            }
            await(batch, differing.size() + carried.statements().size());
        } else {
            phase = Phase.OPEN;
            owner.attached(this);
        }
    }

    private static String escaped(String text) {
        return text.replace("\\", "\\\\").replace("'", "\\'");
    }

    void write(Buffer bytes) {
        NetSocket open = socket;
        if (open != null && phase != Phase.CLOSED) open.write(bytes);
    }

    /// Whether it takes what it is sent more slowly than it is sent; `resumed` is called once that is over.
    boolean isFull(Runnable resumed) {
        NetSocket open = socket;
        if (open == null || !open.writeQueueFull()) return false;
        open.drainHandler(_ -> resumed.run());
        return true;
    }

    void shut(Valve.Reason reason) {
        if (valve != null) valve.shut(reason);
    }

    void open(Valve.Reason reason) {
        if (valve != null) valve.open(reason);
    }

    /// Asks the server to cancel what runs.
    ///
    /// @param done once the server has closed that connection, or could not be reached
    void cancel(Runnable done) {
        if (phase != Phase.OPEN) {
            done.run();
            return;
        }
        desk.net().connect(target.port(), target.address()).onComplete(opened -> {
            if (opened.failed()) {
                done.run();
                return;
            }
            NetSocket asking = opened.result();
            asking.closeHandler(_ -> done.run());
            asking.exceptionHandler(_ -> {});
            asking.write(Messages.cancel(process, secret));
        });
    }

    /// Ends the connection; its owner hears no more of it.
    void close() {
        close(false);
    }

    /// @param polite say so to the server: never within a message, which that would change
    void close(boolean polite) {
        if (phase == Phase.CLOSED) return;
        phase = Phase.CLOSED;
        NetSocket open = socket;
        if (open == null) return;
        if (polite) open.write(Messages.terminate());
        open.close();
    }
}

package holdfast.server.redundancy.postgres;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.core.base.Bytes;
import holdfast.core.redundancy.proxy.Carried;
import holdfast.core.redundancy.proxy.Conversation;
import holdfast.core.redundancy.proxy.Frames;
import holdfast.server.redundancy.proxy.Desk;
import holdfast.server.redundancy.proxy.Line;
import holdfast.server.redundancy.proxy.View;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A connection to a server in the name of a client: logs in with what the client proved, and makes again what the
/// client had made on the server before.
final class Backend extends Line {
    private static final int BODY = 5;
    private static final int KIND_BYTES = 4;

    private enum Step {
        LOGIN,
        SETTINGS,
        STATEMENTS
    }

    private final Desk desk;
    private final Identity identity;
    private final Carried carried;
    private final boolean wantsPrimary;
    private final boolean patient;
    private final Frames frames = new Frames(Session.WHOLE_BYTES_MAX);
    private final Map<String, String> reported = new TreeMap<>();
    private Step step = Step.LOGIN;
    private Scram.@Nullable Client scram;
    private int process;
    private int secret;
    private int readyOwed;

    /// @param wantsPrimary refuse a server that is in recovery
    /// @param patient wait for one that is full: others of our clients are on their way to it as well
    Backend(
            Session session,
            View.Target target,
            long fence,
            boolean wantsPrimary,
            boolean patient,
            Identity identity,
            Carried carried) {
        super(session, target, fence);
        this.desk = session.desk();
        this.wantsPrimary = wantsPrimary;
        this.patient = patient;
        this.identity = identity;
        this.carried = carried;
    }

    Map<String, String> reported() {
        return reported;
    }

    @Override
    protected Buffer greeting() {
        return Messages.startup(identity.parameters());
    }

    @Override
    protected void unreachable(String sentence) {
        refuse(true, "08001", sentence);
    }

    private void refuse(boolean again, String code, String sentence) {
        refuse(again, Messages.fatal(code, sentence));
    }

    @Override
    protected void heard(Buffer chunk) {
        frames.take(chunk.getBytes());
        while (isOpening()) {
            switch (frames.next()) {
                case NONE -> {
                    return;
                }
                case FIRST, REST -> {} // too large to matter
                case BAD -> refuse(false, "08P01", target() + " does not speak PostgreSQL's protocol");
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
        if (step == Step.LOGIN || again) {
            int length = frames.end() - frames.start();
            boolean full = patient && code.startsWith("53");
            refuse(again || full, Buffer.buffer().appendBytes(frames.data(), frames.start(), length));
        } else {
            refuse(false, "57P01", "the session cannot be carried over to " + target() + ": " + sentence);
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
            refuse(false, "28000", target() + " asks for a login that the proxy cannot make (kind " + kind + ")");
        } else if (answer.length() > 0) {
            write(answer);
        }
    }

    private void ready() {
        if (step == Step.LOGIN) {
            if (wantsPrimary && "on".equals(reported.get("in_hot_standby"))) {
                refuse(true, "57P03", target() + " is not promoted yet");
                return;
            }
            step = Step.SETTINGS;
            Buffer batch = Buffer.buffer();
            for (String statement : carried.settings()) batch.appendBuffer(Messages.query(statement));
            await(batch, carried.settings().size());
        } else {
            readyOwed--;
            if (readyOwed == 0) next();
        }
    }

    private void await(Buffer batch, int readies) {
        readyOwed = readies;
        if (readies == 0) next();
        else write(batch);
    }

    private void next() {
        if (step == Step.SETTINGS) {
            step = Step.STATEMENTS;
            Buffer batch = Buffer.buffer();
            Map<String, String> differing = carried.differing(reported);
            differing.forEach((name, value) -> batch.appendBuffer(Messages.query(
                    "SELECT pg_catalog.set_config(E'" + escaped(name) + "', E'" + escaped(value) + "', false)")));
            for (Bytes parse : carried.statements()) {
                batch.appendBytes(parse.toArray()).appendBuffer(Messages.sync());
            }
            await(batch, differing.size() + carried.statements().size());
        } else {
            opened();
        }
    }

    private static String escaped(String text) {
        return text.replace("\\", "\\\\").replace("'", "\\'");
    }

    /// Asks the server to cancel what runs.
    ///
    /// @param done once the server has closed that connection, or could not be reached
    void cancel(Runnable done) {
        if (!isOpen()) {
            done.run();
            return;
        }
        desk.net().connect(target().port(), target().address()).onComplete(opened -> {
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
}

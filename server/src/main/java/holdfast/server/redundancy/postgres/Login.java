package holdfast.server.redundancy.postgres;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.core.redundancy.frames.Cutter.Piece;
import holdfast.core.redundancy.proxy.Frames;
import holdfast.server.base.Threads;
import holdfast.server.redundancy.postgres.Verifiers.Found;
import holdfast.server.redundancy.proxy.Desk;
import holdfast.server.redundancy.proxy.Guest;
import holdfast.server.redundancy.proxy.Valve;
import holdfast.server.redundancy.proxy.View;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A client that has not shown who it is. Answers requests for encryption with no, passes requests to cancel on, asks
/// for a password, and becomes a [Session].
final class Login implements Guest {
    private static final int STARTUP_BYTES_MAX = 10_000; // PostgreSQL's MAX_STARTUP_PACKET_LENGTH
    private static final int STARTUP_BYTES_LEAST = 8;
    private static final int ASKS_MAX = 4; // SSL, GSS, and again
    private static final long LIMIT_NANOS = 60_000_000_000L; // PostgreSQL's authentication_timeout
    private static final long RETRY_NANOS = 100_000_000;
    private static final String HINT =
            "Through the proxy every user needs a password; trust, peer and certificates do" + " not work here.";

    private enum Phase {
        STARTUP,
        LOOKUP,
        MD5,
        SCRAM_FIRST,
        SCRAM_LAST,
        ENDED
    }

    private static final byte[] UNKNOWN_SECRET = Scram.random(32);

    private final Front front;
    private final Desk desk;
    private final NetSocket client;
    private final boolean reads;
    private final Valve valve;
    private final long sinceNanos;
    private final Frames frames = new Frames(Session.WHOLE_BYTES_MAX);
    private Phase phase = Phase.STARTUP;
    private Buffer waiting = Buffer.buffer();
    private int asks;
    private boolean admitted;
    private Map<String, String> parameters = Map.of();
    private long lookupSinceNanos;
    private long retryAtNanos = Long.MAX_VALUE;
    private String verifier = "";
    private byte[] salt = {};
    private Scram.@Nullable Server scram;

    Login(Front front, Desk desk, NetSocket client, boolean reads) {
        this.front = front;
        this.desk = desk;
        this.client = client;
        this.reads = reads;
        this.valve = new Valve(client);
        this.sinceNanos = desk.nanos();
    }

    @Override
    public void start() {
        client.handler(this::bytes);
        client.exceptionHandler(_ -> {});
        client.closeHandler(_ -> end());
    }

    private void bytes(Buffer chunk) {
        switch (phase) {
            case STARTUP -> {
                waiting = waiting.length() == 0 ? chunk : waiting.appendBuffer(chunk);
                startup();
            }
            case LOOKUP, MD5, SCRAM_FIRST, SCRAM_LAST -> {
                frames.take(chunk.getBytes());
                if (phase != Phase.LOOKUP) passwords();
            }
            case ENDED -> {}
        }
    }

    private void startup() {
        while (phase == Phase.STARTUP && waiting.length() >= Integer.BYTES) {
            int length = waiting.getInt(0);
            if (length < STARTUP_BYTES_LEAST || length > STARTUP_BYTES_MAX) {
                refuse("08P01", "invalid length of startup packet", "");
                return;
            }
            if (waiting.length() < length) return;
            Buffer packet = waiting.getBuffer(0, length);
            waiting = waiting.getBuffer(length, waiting.length());
            int code = packet.getInt(Integer.BYTES);
            if (code == Messages.SSL || code == Messages.GSSENC) {
                if (++asks > ASKS_MAX) refuse("08P01", "too many requests for encryption", "");
                else client.write(Buffer.buffer("N"));
            } else if (code == Messages.CANCEL) {
                cancel(packet);
            } else if (code >> 16 == 3) {
                begin(packet, code & 0xffff);
            } else {
                refuse("0A000", "unsupported frontend protocol " + (code >> 16) + "." + (code & 0xffff), "");
            }
        }
    }

    private void cancel(Buffer packet) {
        end();
        if (packet.length() < 4 * Integer.BYTES) client.close();
        else cancel(packet.getInt(2 * Integer.BYTES), packet.getInt(3 * Integer.BYTES));
    }

    private void cancel(int key, int secret) {
        Session session = front.keys().find(key, secret);
        if (session == null) client.close();
        else session.cancel(client::close);
    }

    private void begin(Buffer packet, int minor) {
        String[] texts = packet.getString(STARTUP_BYTES_LEAST, packet.length(), ISO_8859_1.name())
                .split("\0", -1);
        Map<String, String> found = new LinkedHashMap<>();
        List<String> unknown = new ArrayList<>();
        for (int index = 0; index + 1 < texts.length && !texts[index].isEmpty(); index += 2) {
            if (texts[index].startsWith("_pq_.")) unknown.add(texts[index]);
            else found.put(texts[index], texts[index + 1]);
        }
        parameters = found;
        String replication = found.getOrDefault("replication", "false");
        if (found.getOrDefault("user", "").isEmpty()) {
            refuse("28000", "no PostgreSQL user name specified in startup packet", "");
        } else if (!replication.matches("(?i)f|false|off|no|n|0")) {
            refuse("0A000", "replication does not go through the proxy", "Connect to the server itself.");
        } else if (!desk.admit()) {
            refuse("53300", "sorry, too many clients already", "connections-max of the proxy is reached.");
        } else {
            admitted = true;
            if (minor > 0 || !unknown.isEmpty()) client.write(Messages.negotiate(unknown));
            frames.take(waiting.getBytes());
            waiting = Buffer.buffer();
            phase = Phase.LOOKUP;
            lookupSinceNanos = desk.nanos();
            valve.shut(Valve.Reason.HELD);
            lookup();
        }
    }

    private String user() {
        return new String(parameters.getOrDefault("user", "").getBytes(ISO_8859_1), UTF_8);
    }

    private void lookup() {
        retryAtNanos = Long.MAX_VALUE;
        String user = user();
        Threads.start("user of PostgreSQL", () -> {
            Found found = find(user);
            desk.run(() -> found(found));
        });
    }

    private Found find(String user) {
        try {
            return front.verifiers().find(user);
        } catch (InterruptedException bug) {
            throw new IllegalStateException("nobody interrupts this", bug);
        }
    }

    private void found(Found found) {
        if (phase != Phase.LOOKUP) return;
        switch (found) {
            case Found.Verifier(String text) when text.startsWith("md5") -> askMd5(text);
            case Found.Verifier(String text) -> askScram(Scram.Keys.of(text));
            case Found.Nobody _ -> askScram(null);
            case Found.Away(String why) -> {
                if (desk.nanos() - lookupSinceNanos > desk.holdNanos()) {
                    refuse("08006", "no server could be asked for the user: " + why, "");
                } else {
                    retryAtNanos = desk.nanos() + RETRY_NANOS;
                }
                return;
            }
        }
        valve.open(Valve.Reason.HELD);
    }

    private void askMd5(String text) {
        verifier = text;
        salt = Scram.random(4);
        phase = Phase.MD5;
        client.write(Messages.authentication(Messages.AUTH_MD5, salt));
    }

    private void askScram(Scram.@Nullable Keys keys) {
        scram = new Scram.Server(keys == null ? Scram.Keys.ofNobody(secret(), user()) : keys);
        phase = Phase.SCRAM_FIRST;
        client.write(Messages.authentication(Messages.AUTH_SASL, (Scram.MECHANISM + "\0\0").getBytes(ISO_8859_1)));
        passwords();
    }

    private void passwords() {
        Piece piece = frames.next();
        if (piece == Piece.NONE) return;
        if (piece != Piece.WHOLE || frames.type() != 'p') {
            refuse("08P01", "expected a password", "");
            return;
        }
        int from = frames.start() + 5;
        String text = new String(frames.data(), from, frames.end() - from, UTF_8);
        switch (phase) {
            case MD5 -> md5(text);
            case SCRAM_FIRST -> scramFirst(text);
            case SCRAM_LAST -> scramLast(text);
            case STARTUP, LOOKUP, ENDED -> {}
        }
    }

    private void md5(String text) {
        String expected = Scram.md5(verifier.substring("md5".length()).getBytes(ISO_8859_1), salt);
        boolean right = MessageDigest.isEqual((expected + "\0").getBytes(ISO_8859_1), text.getBytes(ISO_8859_1));
        if (right) succeed(new Identity(parameters, null, verifier));
        else wrong();
    }

    private void scramFirst(String text) {
        int name = text.indexOf('\0');
        String first = name < 0 || text.length() < name + 1 + Integer.BYTES ? "" : text.substring(name + 5);
        Scram.Server server = scram;
        String answer = server == null || !text.startsWith(Scram.MECHANISM + "\0") ? null : server.first(first);
        if (answer == null) {
            refuse("08P01", "malformed SCRAM message", "");
            return;
        }
        phase = Phase.SCRAM_LAST;
        client.write(Messages.authentication(Messages.AUTH_SASL_CONTINUE, answer.getBytes(UTF_8)));
    }

    private void scramLast(String text) {
        Scram.Server server = scram;
        Scram.Proved proved = server == null ? null : server.last(text);
        if (server == null || proved == null) {
            wrong();
            return;
        }
        client.write(Messages.authentication(
                Messages.AUTH_SASL_FINAL, server.signature().getBytes(UTF_8)));
        succeed(new Identity(parameters, proved, null));
    }

    /// The same on every host, so that nobody learns from salts which users there are.
    private byte[] secret() {
        View.Login login = desk.view().login();
        return login == null ? UNKNOWN_SECRET : login.password().getBytes(UTF_8);
    }

    private void wrong() {
        String user = user();
        Threads.start("user of PostgreSQL", () -> front.verifiers().doubt(user));
        refuse("28P01", "password authentication failed for user \"" + user + "\"", HINT);
    }

    private void succeed(Identity identity) {
        client.write(Messages.authentication(Messages.AUTH_OK, new byte[0]));
        phase = Phase.ENDED;
        desk.replace(this, new Session(front, desk, valve, frames, reads, identity));
    }

    private void refuse(String code, String sentence, String hint) {
        desk.count(code.startsWith("28") ? "login" : "refused");
        client.write(Messages.error("FATAL", code, sentence, hint));
        client.close();
        end();
    }

    private void end() {
        if (phase == Phase.ENDED) return;
        phase = Phase.ENDED;
        desk.gone(this, admitted);
    }

    @Override
    public View.@Nullable Target target() {
        return null;
    }

    @Override
    public void changed(View view) {
        if (phase == Phase.LOOKUP && retryAtNanos != Long.MAX_VALUE) lookup();
    }

    @Override
    public void tick(long nowNanos) {
        if (nowNanos >= retryAtNanos) lookup();
        if (phase != Phase.LOOKUP && nowNanos - sinceNanos > LIMIT_NANOS + desk.holdNanos()) {
            client.close();
            end();
        }
    }

    @Override
    public void certain() {}

    @Override
    public void leave() {
        client.close();
        end();
    }
}

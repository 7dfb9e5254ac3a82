package holdfast.server.redundancy.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import holdfast.core.redundancy.resp.Carried;
import holdfast.core.redundancy.resp.Frames;
import holdfast.core.redundancy.resp.Reply;
import holdfast.server.redundancy.proxy.Desk;
import holdfast.server.redundancy.proxy.Line;
import holdfast.server.redundancy.proxy.Valve;
import holdfast.server.redundancy.proxy.View;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A connection to a server in the name of a client. Asks the server first, as the service's own user, whether it is
/// what the store says, becomes nobody again, makes what the client had made on the server before, then passes
/// bytes. All of it is one batch: it costs one round trip.
final class Backend implements Line {
    private static final int REPLY_BYTES_MAX = 16 * 1024;

    /// Who it is for. Called on the desk's event loop.
    interface Owner {
        /// It is as the session was left.
        void attached(Backend backend);

        /// There is no connection, or it ended before it was ready.
        ///
        /// @param again whether another try may succeed soon
        /// @param error for the client, without the line's end
        void refused(Backend backend, boolean again, String error);

        void bytes(Backend backend, Buffer chunk);

        /// It ended after it was ready.
        void lost(Backend backend);
    }

    private enum Phase {
        OPENING,
        OPEN,
        CLOSED
    }

    /// What a reply of the opening batch is about.
    private enum Step {
        LOGIN,
        ROLE,
        RESET,
        REPLAY
    }

    private final View.Target target;
    private final Owner owner;
    private final boolean wantsPrimary;
    private final Frames frames = new Frames(Frames.Side.REPLIES, REPLY_BYTES_MAX);
    private final Deque<Step> steps = new ArrayDeque<>();
    private Phase phase = Phase.OPENING;
    private long fence;
    private @Nullable NetSocket socket;
    private @Nullable Valve valve;

    /// Connects at once.
    ///
    /// @param fence that its answers are good for, 0 for a replica
    Backend(Desk desk, View.Target target, long fence, Carried carried, Owner owner) {
        this.target = target;
        this.fence = fence;
        this.owner = owner;
        this.wantsPrimary = fence != 0;
        Buffer opening = opening(desk.view().login(), carried);
        desk.net().connect(target.port(), target.address()).onComplete(done -> {
            if (phase == Phase.CLOSED) {
                if (done.succeeded()) done.result().close();
            } else if (done.succeeded()) {
                connected(done.result(), opening);
            } else {
                refuse(true, "cannot connect to " + target + ": " + done.cause().getMessage());
            }
        });
    }

    private Buffer opening(View.@Nullable Login login, Carried carried) {
        List<List<String>> commands = new ArrayList<>();
        if (login != null && !login.password().isEmpty()) {
            boolean named = !login.user().isEmpty() && !login.user().equals("default");
            commands.add(named ? List.of("AUTH", login.user(), login.password()) : List.of("AUTH", login.password()));
            steps.add(Step.LOGIN);
        }
        commands.add(List.of("ROLE"));
        steps.add(Step.ROLE);
        commands.add(List.of("RESET"));
        steps.add(Step.RESET);
        for (List<String> command : carried.replay()) {
            commands.add(command);
            steps.add(Step.REPLAY);
        }
        Buffer batch = Buffer.buffer();
        for (List<String> command : commands) batch.appendBytes(Reply.command(command));
        return batch;
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

    private void connected(NetSocket opened, Buffer opening) {
        socket = opened;
        valve = new Valve(opened);
        opened.handler(this::bytes);
        opened.exceptionHandler(_ -> {});
        opened.closeHandler(_ -> ended());
        opened.write(opening);
    }

    private void ended() {
        switch (phase) {
            case OPENING -> refuse(true, target + " closed the connection at once");
            case OPEN -> {
                phase = Phase.CLOSED;
                owner.lost(this);
            }
            case CLOSED -> {}
        }
    }

    private void refuse(boolean again, String error) {
        close();
        owner.refused(this, again, error);
    }

    private void bytes(Buffer chunk) {
        if (phase == Phase.OPEN) {
            owner.bytes(this, chunk);
            return;
        }
        frames.take(chunk.getBytes());
        while (phase == Phase.OPENING) {
            switch (frames.next()) {
                case NONE -> {
                    return;
                }
                case WHOLE -> answered(steps.element());
                case FIRST, REST, BAD -> refuse(false, "ERR " + target + " does not speak Redis' protocol");
            }
        }
    }

    private void answered(Step step) {
        steps.remove();
        String text = new String(frames.data(), frames.start(), frames.end() - frames.start(), ISO_8859_1);
        boolean error = text.startsWith("-");
        String said = error ? text.substring(1).strip() : "";
        switch (step) {
            case LOGIN -> {} // without a password it is refused, and not needed
            case ROLE -> {
                if (error) refuse(true, target + " says " + said);
                else if (text.contains("\r\nmaster\r\n") != wantsPrimary) {
                    refuse(true, target + " is not a " + (wantsPrimary ? "primary" : "replica") + " yet");
                }
            }
            case RESET -> {
                if (error) refuse(false, "ERR " + target + " is older than Redis 6.2: " + said);
            }
            case REPLAY -> {
                if (error) refuse(isPassing(said), said);
            }
        }
        if (phase == Phase.OPENING && steps.isEmpty()) {
            phase = Phase.OPEN;
            owner.attached(this);
        }
    }

    /// Whether it may be otherwise soon.
    private static boolean isPassing(String error) {
        return error.startsWith("LOADING") || error.startsWith("MASTERDOWN") || error.startsWith("BUSY");
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

    /// Ends the connection; its owner hears no more of it.
    void close() {
        if (phase == Phase.CLOSED) return;
        phase = Phase.CLOSED;
        if (socket != null) socket.close();
    }
}

package holdfast.server.redundancy.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import holdfast.core.redundancy.resp.Carried;
import holdfast.core.redundancy.resp.Frames;
import holdfast.core.redundancy.resp.Reply;
import holdfast.server.redundancy.proxy.Line;
import holdfast.server.redundancy.proxy.View;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A connection to a server in the name of a client. Asks the server first, as the service's own user, whether it is
/// what the store says, becomes nobody again, and makes what the client had made on the server before. All of it is
/// one batch: it costs one round trip.
final class Backend extends Line {
    private static final int REPLY_BYTES_MAX = 16 * 1024;

    /// What a reply of the opening batch is about.
    private enum Step {
        LOGIN,
        ROLE,
        RESET,
        REPLAY
    }

    private final Session session;
    private final View.@Nullable Login login;
    private final Carried carried;
    private final boolean wantsPrimary;
    private final Frames frames = new Frames(Frames.Side.REPLIES, REPLY_BYTES_MAX);
    private final Deque<Step> steps = new ArrayDeque<>();

    Backend(Session session, View.Target target, long fence, Carried carried) {
        super(session, target, fence);
        this.session = session;
        this.login = session.desk().view().login();
        this.carried = carried;
        this.wantsPrimary = fence != 0;
    }

    @Override
    protected Buffer greeting() {
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
    protected void unreachable(String sentence) {
        refuse(true, sentence);
    }

    private void refuse(boolean again, String error) {
        session.refusal(error);
        refuse(again, Session.error(error));
    }

    @Override
    protected void heard(Buffer chunk) {
        frames.take(chunk.getBytes());
        while (isOpening()) {
            switch (frames.next()) {
                case NONE -> {
                    return;
                }
                case WHOLE -> answered(steps.element());
                case FIRST, REST, BAD -> refuse(false, "ERR " + target() + " does not speak Redis' protocol");
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
                if (error) refuse(true, target() + " says " + said);
                else if (text.contains("\r\nmaster\r\n") != wantsPrimary) {
                    refuse(true, target() + " is not a " + (wantsPrimary ? "primary" : "replica") + " yet");
                }
            }
            case RESET -> {
                if (error) refuse(false, "ERR " + target() + " is older than Redis 6.2: " + said);
            }
            case REPLAY -> {
                if (error) refuse(isPassing(said), said);
            }
        }
        if (isOpening() && steps.isEmpty()) opened();
    }

    /// Whether it may be otherwise soon.
    private static boolean isPassing(String error) {
        return error.startsWith("LOADING") || error.startsWith("MASTERDOWN") || error.startsWith("BUSY");
    }
}

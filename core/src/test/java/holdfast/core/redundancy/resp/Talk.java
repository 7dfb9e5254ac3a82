package holdfast.core.redundancy.resp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.redundancy.frames.Cutter.Piece;
import holdfast.core.redundancy.resp.Conversation.Verdict;
import holdfast.core.redundancy.resp.Frames.Side;
import java.util.List;

/// A client and a server that say one thing at a time, over a [Conversation].
final class Talk {
    final Conversation conversation = new Conversation();
    private final boolean confirms;

    Talk(boolean confirms) {
        this.confirms = confirms;
    }

    static Frames frames(Side side, String text) {
        Frames frames = new Frames(side, 1_000);
        frames.take(text.getBytes(ISO_8859_1));
        assertThat(frames.next()).isEqualTo(Piece.WHOLE);
        return frames;
    }

    /// @param words of one command, by spaces
    static Command command(String words) {
        return Command.of(frames(Side.COMMANDS, new String(Reply.command(List.of(words.split(" ", -1))), ISO_8859_1)));
    }

    Talk client(String words) {
        conversation.sent(command(words), confirms);
        return this;
    }

    /// @param lines with `/` for line ends, without the last
    Verdict hears(String lines) {
        return conversation.heard(frames(Side.REPLIES, lines.replace("/", "\r\n") + "\r\n"));
    }

    Talk server(String lines) {
        hears(lines);
        return this;
    }

    boolean idle() {
        return conversation.isIdle();
    }

    String replay() {
        return conversation.carried().replay().stream()
                .map(words -> String.join(" ", words))
                .toList()
                .toString();
    }
}

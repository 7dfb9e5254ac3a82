package holdfast.server.redundancy.sentinel;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.core.redundancy.frames.Cutter.Piece;
import holdfast.core.redundancy.resp.Command;
import holdfast.core.redundancy.resp.Frames;
import holdfast.core.redundancy.resp.Reply;
import holdfast.core.redundancy.sentinel.Event;
import holdfast.core.redundancy.sentinel.Facts;
import holdfast.core.redundancy.sentinel.Visitor;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;
import java.util.List;
import java.util.function.Supplier;

/// A connection to the port. On its event loop.
final class Caller {
    private static final int COMMAND_BYTES_MAX = 64 * 1024;

    private final NetSocket socket;
    private final Visitor visitor;
    private final Supplier<Facts> facts;
    private final Frames frames = new Frames(Frames.Side.COMMANDS, COMMAND_BYTES_MAX);

    Caller(NetSocket socket, Visitor visitor, Supplier<Facts> facts) {
        this.socket = socket;
        this.visitor = visitor;
        this.facts = facts;
    }

    void heard(Buffer chunk) {
        if (visitor.isLeaving()) return;
        frames.take(chunk.getBytes());
        Buffer replies = Buffer.buffer();
        while (!visitor.isLeaving()) {
            Piece piece = frames.next();
            if (piece == Piece.NONE) break;
            List<String> words = piece == Piece.WHOLE ? Command.wordsOf(frames) : List.of();
            if (piece == Piece.WHOLE && words.isEmpty()) continue; // an empty line
            if (piece != Piece.WHOLE) {
                refuse(replies);
                return;
            }
            List<String> texts = words.stream()
                    .map(word -> new String(word.getBytes(ISO_8859_1), UTF_8))
                    .toList();
            replies.appendBytes(visitor.answer(texts, facts.get()).encode(visitor.version()));
        }
        if (replies.length() > 0) socket.write(replies);
        if (visitor.isLeaving()) socket.close();
        else if (socket.writeQueueFull()) pause();
    }

    private void refuse(Buffer replies) {
        Reply error = new Reply.Failure("ERR Protocol error: no command that is known here begins so");
        socket.write(replies.appendBytes(error.encode(visitor.version())));
        socket.close();
    }

    private void pause() {
        socket.pause();
        socket.drainHandler(_ -> socket.resume());
    }

    /// Ends the connection when it does not take what it is told.
    void told(List<Event> events) {
        Buffer told = Buffer.buffer();
        for (Event event : events) {
            for (Reply reply : visitor.told(event)) told.appendBytes(reply.encode(visitor.version()));
        }
        if (told.length() == 0) return;
        if (socket.writeQueueFull()) socket.close();
        else socket.write(told);
    }

    void close() {
        socket.close();
    }
}

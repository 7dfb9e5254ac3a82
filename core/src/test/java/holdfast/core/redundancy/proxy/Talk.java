package holdfast.core.redundancy.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import holdfast.core.redundancy.frames.Cutter.Piece;
import holdfast.core.redundancy.proxy.Conversation.Verdict;
import java.nio.ByteBuffer;

/// A client and a server that say one message at a time, over a [Conversation].
final class Talk {
    final Conversation conversation = new Conversation();

    static byte[] message(char type, byte[] body) {
        return ByteBuffer.allocate(5 + body.length)
                .put((byte) type)
                .putInt(4 + body.length)
                .put(body)
                .array();
    }

    private static Frames one(char type, String body) {
        Frames frames = new Frames(1_000);
        frames.take(message(type, body.getBytes(ISO_8859_1)));
        assert frames.next() == Piece.WHOLE;
        return frames;
    }

    /// @param body with `|` for a zero byte
    Talk client(char type, String body) {
        conversation.sent(one(type, body.replace('|', '\0')), Piece.WHOLE);
        return this;
    }

    Talk client(String types) {
        for (char type : types.toCharArray()) client(type, "");
        return this;
    }

    Verdict hears(char type, String body) {
        return conversation.heard(one(type, body.replace('|', '\0')), Piece.WHOLE);
    }

    Talk server(char type, String body) {
        hears(type, body);
        return this;
    }

    Talk query(String sql, String tag, String status) {
        return client('Q', sql + "|").server('C', tag + "|").server('Z', status);
    }

    boolean idle() {
        return conversation.isIdle();
    }

    Carried carried() {
        return conversation.carried();
    }
}

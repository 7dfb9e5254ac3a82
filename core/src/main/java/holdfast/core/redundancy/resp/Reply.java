package holdfast.core.redundancy.resp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;

/// A reply, for those who answer commands themselves, in both versions of the protocol.
public sealed interface Reply {
    record Simple(String text) implements Reply {}

    /// @param text with its code in front, such as `ERR syntax error`; without line ends
    record Failure(String text) implements Reply {}

    record Count(long value) implements Reply {}

    record Bulk(String text) implements Reply {}

    /// Nothing, where a text or a number could be.
    record Nil() implements Reply {}

    /// Nothing, where an array could be.
    record NilArray() implements Reply {}

    record Array(List<Reply> elements) implements Reply {
        public Array {
            elements = List.copyOf(elements);
        }
    }

    /// An array in version 2.
    ///
    /// @param pairs keys and values, by turns
    record Pairs(List<Reply> pairs) implements Reply {
        public Pairs {
            pairs = List.copyOf(pairs);
        }
    }

    /// Said without being asked, in version 3; an array in version 2.
    record Push(List<Reply> elements) implements Reply {
        public Push {
            elements = List.copyOf(elements);
        }
    }

    /// Several replies to one command.
    record Several(List<Reply> replies) implements Reply {
        public Several {
            replies = List.copyOf(replies);
        }
    }

    static Reply ok() {
        return new Simple("OK");
    }

    static Reply bulks(List<String> texts) {
        return new Array(texts.stream().map(text -> (Reply) new Bulk(text)).toList());
    }

    /// @param texts keys and values, by turns
    static Pairs pairs(List<String> texts) {
        return new Pairs(texts.stream().map(text -> (Reply) new Bulk(text)).toList());
    }

    /// @param version 2 or 3
    default byte[] encode(int version) {
        StringBuilder out = new StringBuilder();
        write(this, version, out);
        return out.toString().getBytes(UTF_8);
    }

    private static void write(Reply reply, int version, StringBuilder out) {
        switch (reply) {
            case Simple(String text) -> line(out, "+" + text);
            case Failure(String text) -> line(out, "-" + text);
            case Count(long value) -> line(out, ":" + value);
            case Bulk(String text) -> {
                line(out, "$" + text.getBytes(UTF_8).length);
                line(out, text);
            }
            case Nil _ -> line(out, version == 3 ? "_" : "$-1");
            case NilArray _ -> line(out, version == 3 ? "_" : "*-1");
            case Array(List<Reply> elements) -> all(elements, "*" + elements.size(), version, out);
            case Pairs(List<Reply> pairs) ->
                all(pairs, version == 3 ? "%" + pairs.size() / 2 : "*" + pairs.size(), version, out);
            case Push(List<Reply> elements) ->
                all(elements, (version == 3 ? ">" : "*") + elements.size(), version, out);
            case Several(List<Reply> replies) -> replies.forEach(one -> write(one, version, out));
        }
    }

    private static void all(List<Reply> elements, String head, int version, StringBuilder out) {
        line(out, head);
        elements.forEach(element -> write(element, version, out));
    }

    private static void line(StringBuilder out, String text) {
        out.append(text).append("\r\n");
    }

    /// A command as a client sends it.
    ///
    /// @param words each character one byte
    static byte[] command(List<String> words) {
        StringBuilder text = new StringBuilder("*").append(words.size()).append("\r\n");
        for (String word : words) {
            text.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
        }
        return text.toString().getBytes(ISO_8859_1);
    }
}

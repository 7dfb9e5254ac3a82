package holdfast.core.redundancy.resp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/// A command of a client, as much of it as matters here.
///
/// @param kind of its name
/// @param words name and arguments, each byte one character; empty when the kind does not depend on them, or they are
/// too many,
///     too long or quoted, so that what was said is not known
/// @param count how many words it has, 0 when it is an empty line, which has no reply
public record Command(Kind kind, List<String> words, int count) {
    private static final int WORDS_MAX = 64;
    private static final int WORD_BYTES_MAX = 4 * 1024;
    private static final List<String> UNKNOWN = List.of();
    private static final Command EMPTY = new Command(Kind.READ, UNKNOWN, 0);
    private static final Map<Kind, Command> WORDLESS = new EnumMap<>(Kind.class);

    static {
        for (Kind kind : Kind.values()) WORDLESS.put(kind, new Command(kind, UNKNOWN, 1));
    }

    public Command {
        words = List.copyOf(words);
    }

    /// The one that [Frames] has shown last, of large ones the first piece.
    public static Command of(Frames frames) {
        byte[] data = frames.data();
        int from = frames.start();
        int to = frames.end();
        if (data[from] != '*') return inline(data, from, to);
        int line = lineEnd(data, from, to);
        int count = number(data, from + 1, line);
        if (count <= 0) return EMPTY;
        int name = lineEnd(data, line, to);
        int length = number(data, line + 1, name);
        if (name >= to || length > to - name) return wordless(Kind.WRITE); // no name is so long
        Kind kind = Kind.of(data, name, name + length);
        if (!isHeeded(kind)) return wordless(kind);
        return new Command(kind, words(data, line, to, count), count);
    }

    /// Every word of the one that was shown whole; none when it has none, or they are too many, too long or quoted.
    public static List<String> wordsOf(Frames frames) {
        byte[] data = frames.data();
        int from = frames.start();
        int to = frames.end();
        if (data[from] != '*') return inline(data, from, to).words();
        int line = lineEnd(data, from, to);
        return words(data, line, to, Math.max(0, number(data, from + 1, line)));
    }

    private static Command wordless(Kind kind) {
        return Objects.requireNonNull(WORDLESS.get(kind));
    }

    private static boolean isHeeded(Kind kind) {
        return switch (kind) {
            case READ, WRITE, BLOCK, WAIT, QUIT, MULTI, EXEC, DISCARD, WATCH, UNWATCH, MONITOR, REPLICATION, RESET ->
                false;
            case XREAD, XREADGROUP, AUTH, HELLO, SELECT, CLIENT, SUBSCRIBE, UNSUBSCRIBE -> true;
        };
    }

    private static List<String> words(byte[] data, int from, int to, int count) {
        if (count > WORDS_MAX) return UNKNOWN;
        List<String> words = new ArrayList<>(count);
        int at = from;
        for (int word = 0; word < count; word++) {
            int body = lineEnd(data, at, to);
            if (body >= to) return UNKNOWN;
            int length = number(data, at + 1, body);
            if (length > WORD_BYTES_MAX || length > to - body) return UNKNOWN;
            words.add(new String(data, body, length, ISO_8859_1));
            at = body + length + 2;
        }
        return words;
    }

    private static Command inline(byte[] data, int from, int to) {
        String line = new String(data, from, to - from, ISO_8859_1).strip();
        if (line.isEmpty()) return EMPTY;
        List<String> words = List.of(line.split("[ \\t]+", -1));
        byte[] name = words.getFirst().getBytes(ISO_8859_1);
        boolean quoted = line.indexOf('"') >= 0 || line.indexOf('\'') >= 0;
        Kind kind = Kind.of(name, 0, name.length);
        return new Command(kind, quoted || words.size() > WORDS_MAX ? UNKNOWN : words, words.size());
    }

    /// Behind the line that begins at `from`; `to` when it does not end before.
    static int lineEnd(byte[] data, int from, int to) {
        int at = from;
        while (at < to && data[at] != '\n') at++;
        return Math.min(to, at + 1);
    }

    /// A number on a line that was seen to be right, up to the end of that line; less than 0 for all that are.
    static int number(byte[] data, int from, int to) {
        if (from >= to || data[from] == '-') return -1;
        long number = 0;
        for (int at = from; at < to && data[at] >= '0' && data[at] <= '9'; at++) number = 10 * number + data[at] - '0';
        return (int) Math.min(Integer.MAX_VALUE, number);
    }

    /// Word `index` in upper case; empty when it has none such.
    public String upper(int index) {
        return index < words.size() ? words.get(index).toUpperCase(Locale.ROOT) : "";
    }

    public boolean isEmpty() {
        return count == 0;
    }

    /// Whether keys may be changed by it, now or when the transaction is executed.
    public boolean mayWrite() {
        return switch (kind) {
            case WRITE, BLOCK, XREADGROUP, EXEC -> true;
            case READ,
                    WAIT,
                    XREAD,
                    AUTH,
                    HELLO,
                    SELECT,
                    CLIENT,
                    RESET,
                    QUIT,
                    MULTI,
                    DISCARD,
                    WATCH,
                    UNWATCH,
                    SUBSCRIBE,
                    UNSUBSCRIBE,
                    MONITOR,
                    REPLICATION -> false;
        };
    }

    /// Whether its reply may take as long as it likes.
    public boolean mayBlock() {
        return switch (kind) {
            case BLOCK, WAIT -> true;
            case XREAD, XREADGROUP -> words.isEmpty() || hasBlock();
            case READ,
                    WRITE,
                    AUTH,
                    HELLO,
                    SELECT,
                    CLIENT,
                    RESET,
                    QUIT,
                    MULTI,
                    EXEC,
                    DISCARD,
                    WATCH,
                    UNWATCH,
                    SUBSCRIBE,
                    UNSUBSCRIBE,
                    MONITOR,
                    REPLICATION -> false;
        };
    }

    private boolean hasBlock() {
        return words.stream().anyMatch(word -> word.equalsIgnoreCase("BLOCK"));
    }

    /// Whether replies end with it.
    public boolean silences() {
        return kind == Kind.CLIENT && upper(1).equals("REPLY") && !upper(2).equals("ON");
    }

    /// Whether commands before it must be confirmed before it is sent, since none can be confirmed behind it.
    public boolean isBarrier() {
        return switch (kind) {
            case MULTI, SUBSCRIBE, UNSUBSCRIBE, MONITOR, AUTH, HELLO, RESET, QUIT, CLIENT -> true;
            case READ, WRITE, BLOCK, WAIT, XREAD, XREADGROUP, SELECT, EXEC, DISCARD, WATCH, UNWATCH, REPLICATION ->
                false;
        };
    }
}

package holdfast.core.redundancy.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Reads as little of SQL as must be known to carry a session to another server. Texts are bytes as ISO 8859-1, so
/// that they can be written again as they came.
final class SqlText {
    private static final Set<String> BEFORE_TEMPORARY =
            new TreeSet<>(List.of("create", "replace", "into", "global", "local"));
    private static final Set<String> ADVISORY_LOCKS = new TreeSet<>(List.of(
            "pg_advisory_lock", "pg_advisory_lock_shared", "pg_try_advisory_lock", "pg_try_advisory_lock_shared"));
    private static final String SET_CONFIG = "set_config";

    private SqlText() {}

    /// What this text makes that stays behind on a server, as a phrase for people; null for nothing that is seen.
    static @Nullable String leavesBehind(byte[] data, int from, int to) {
        for (int at = from; at < to - 3; at++) {
            boolean worthIt = switch (data[at] | 0x20) {
                case 't' -> is(data, at, to, "temp");
                case 'h' -> is(data, at, to, "hold");
                case 'a' -> is(data, at, to, "advisory_lock");
                case 's' -> is(data, at, to, "set_config");
                default -> false;
            };
            if (worthIt) return phrase(text(data, from, to));
        }
        return null;
    }

    private static boolean is(byte[] data, int at, int to, String word) {
        if (to - at < word.length()) return false;
        for (int index = 0; index < word.length(); index++) {
            char wanted = word.charAt(index);
            int found = wanted == '_' ? data[at + index] : data[at + index] | 0x20;
            if (found != wanted) return false;
        }
        return true;
    }

    private static @Nullable String phrase(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        String before = "";
        for (String word : lower.split("[^a-z0-9_]+", -1)) {
            boolean temporary = word.equals("temp") || word.equals("temporary");
            if (temporary && BEFORE_TEMPORARY.contains(before)) return "a temporary table";
            if (word.equals("hold") && before.equals("with")) return "a cursor WITH HOLD";
            if (ADVISORY_LOCKS.contains(word)) return "an advisory lock of the session";
            before = word;
        }
        for (int at = lower.indexOf(SET_CONFIG); at >= 0; at = lower.indexOf(SET_CONFIG, at + 1)) {
            int end = lower.indexOf(')', at);
            // its third argument says whether it ends with the transaction
            if (!lower.substring(at, end < 0 ? lower.length() : end).contains("true")) {
                return "set_config for the session";
            }
        }
        return null;
    }

    static String text(byte[] data, int from, int to) {
        return new String(data, from, to - from, ISO_8859_1);
    }

    /// The statements of a text, without empty ones. Knows quotes, dollar quotes and comments.
    static List<String> statements(String text) {
        List<String> found = new ArrayList<>();
        StringBuilder one = new StringBuilder();
        int at = 0;
        while (at < text.length()) {
            char letter = text.charAt(at);
            int end = skip(text, at);
            if (end > at + 1) {
                boolean comment = text.startsWith("--", at) || text.startsWith("/*", at);
                one.append(comment ? " " : text.substring(at, end));
            } else if (letter == ';') {
                add(found, one);
            } else {
                one.append(letter);
            }
            at = Math.max(end, at + 1);
        }
        add(found, one);
        return found;
    }

    private static void add(List<String> found, StringBuilder one) {
        String statement = one.toString().strip();
        if (!statement.isEmpty()) found.add(statement);
        one.setLength(0);
    }

    /// Where what begins at `at` ends when it is a quote or a comment; else `at + 1`.
    private static int skip(String text, int at) {
        char letter = text.charAt(at);
        if (letter == '\'' || letter == '"') {
            boolean escapes = letter == '\'' && at > 0 && (text.charAt(at - 1) | 0x20) == 'e';
            for (int end = at + 1; end < text.length(); end++) {
                if (escapes && text.charAt(end) == '\\') end++;
                else if (text.charAt(end) == letter) return end + 1; // a doubled quote begins another at once
            }
            return text.length();
        }
        if (text.startsWith("--", at)) return endOf(text, "\n", at + 2);
        if (text.startsWith("/*", at)) return endOf(text, "*/", at + 2);
        if (letter == '$') {
            int close = text.indexOf('$', at + 1);
            if (close < 0 || !text.substring(at + 1, close).chars().allMatch(SqlText::isTag)) return at + 1;
            return endOf(text, text.substring(at, close + 1), close + 1);
        }
        return at + 1;
    }

    private static boolean isTag(int letter) {
        return Character.isLetterOrDigit(letter) || letter == '_';
    }

    private static int endOf(String text, String mark, int from) {
        int found = text.indexOf(mark, from);
        return found < 0 ? text.length() : found + mark.length();
    }

    /// A change of what a session has set.
    sealed interface Change {
        /// To be said again on another server.
        record Set(String name, String statement) implements Change {}

        record Reset(String name) implements Change {}

        record ResetAll() implements Change {}

        /// Ends with its transaction.
        record Local() implements Change {}
    }

    /// Reads one `SET` or `RESET`; empty when it is neither.
    static Optional<Change> change(String statement) {
        List<String> words = List.of(statement.strip().split("\\s+|(?<==)|(?==)", 5));
        String first = word(words, 0);
        String second = word(words, 1);
        if (first.equals("reset")) {
            if (second.equals("all")) return Optional.of(new Change.ResetAll());
            return Optional.of(new Change.Reset(second.equals("session") ? "session authorization" : second));
        }
        if (!first.equals("set") || words.size() < 3) return Optional.empty();
        return Optional.of(
                switch (second) {
                    case "local", "transaction", "constraints" -> new Change.Local();
                    case "session" -> session(word(words, 2), statement);
                    case "time" -> new Change.Set("timezone", statement);
                    case "names" -> new Change.Set("client_encoding", statement);
                    default -> new Change.Set(second, statement);
                });
    }

    private static Change session(String third, String statement) {
        return new Change.Set(
                switch (third) {
                    case "authorization" -> "session authorization";
                    case "characteristics" -> "session characteristics";
                    case "time" -> "timezone";
                    default -> third;
                },
                statement);
    }

    private static String word(List<String> words, int index) {
        return index < words.size() ? words.get(index).toLowerCase(Locale.ROOT).replace("\"", "") : "";
    }
}

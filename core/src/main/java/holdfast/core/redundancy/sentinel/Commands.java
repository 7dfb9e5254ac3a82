package holdfast.core.redundancy.sentinel;

import holdfast.core.redundancy.resp.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The commands that a sentinel answers, and what `COMMAND` says of them.
final class Commands {
    private static final List<String> NAMES = List.of(
            "auth",
            "client",
            "command",
            "hello",
            "info",
            "ping",
            "psubscribe",
            "publish",
            "punsubscribe",
            "quit",
            "role",
            "sentinel",
            "subscribe",
            "unsubscribe");

    private Commands() {}

    /// How many words it has: so many, or at least so many when less than 0; 0 when there is no such command.
    static int arity(String command) {
        return switch (command) {
            case "ping", "hello", "unsubscribe", "punsubscribe", "info", "command", "quit" -> -1;
            case "subscribe", "psubscribe", "client", "sentinel", "auth" -> -2;
            case "role" -> 1;
            case "publish" -> 3;
            default -> 0;
        };
    }

    static boolean isForSubscribers(String command) {
        return switch (command) {
            case "ping", "quit", "subscribe", "psubscribe", "unsubscribe", "punsubscribe" -> true;
            default -> false;
        };
    }

    static Reply answer(List<String> words) {
        String verb = words.size() == 1 ? "" : words.get(1).toUpperCase(Locale.ROOT);
        return switch (verb) {
            case "" -> new Reply.Array(NAMES.stream().map(Commands::info).toList());
            case "COUNT" -> new Reply.Count(NAMES.size());
            case "LIST" -> Reply.bulks(NAMES);
            case "INFO" -> {
                List<Reply> all = new ArrayList<>();
                List<String> wanted = words.size() == 2 ? NAMES : words.subList(2, words.size());
                for (String name : wanted) {
                    String lower = name.toLowerCase(Locale.ROOT);
                    all.add(NAMES.contains(lower) ? info(lower) : new Reply.NilArray());
                }
                yield new Reply.Array(all);
            }
            case "DOCS" -> new Reply.Pairs(List.of());
            default -> new Reply.Failure("ERR unknown subcommand '" + words.get(1) + "'. Try COMMAND HELP.");
        };
    }

    private static Reply info(String name) {
        Reply none = new Reply.Array(List.of());
        Reply zero = new Reply.Count(0);
        return new Reply.Array(List.of(
                new Reply.Bulk(name), new Reply.Count(arity(name)), none, zero, zero, zero, none, none, none, none));
    }
}

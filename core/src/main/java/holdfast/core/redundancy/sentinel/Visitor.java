package holdfast.core.redundancy.sentinel;

import holdfast.core.redundancy.resp.Reply;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/// One client of a sentinel: answers its commands and knows which events it wants. One thread.
public final class Visitor {
    /// What is said to those who choose by version: that of the commands which are answered here.
    private static final String VERSION = "7.2.0";

    private static final int SUBSCRIPTIONS_MAX = 1_000;

    private final long id;
    private final String password;
    private final Consumer<String> failOver;
    private final Set<String> channels = new LinkedHashSet<>();
    private final Set<String> patterns = new LinkedHashSet<>();
    private int version = 2;
    private String name = "";
    private boolean known;
    private boolean leaving;

    /// @param id of the connection, one for each
    /// @param password that clients must say; empty for none
    /// @param failOver called with the name of a service that a client wants failed over
    public Visitor(long id, String password, Consumer<String> failOver) {
        this.id = id;
        this.password = password;
        this.failOver = failOver;
        this.known = password.isEmpty();
    }

    /// @return 2 or 3
    public int version() {
        return version;
    }

    /// Whether it has said goodbye.
    public boolean isLeaving() {
        return leaving;
    }

    /// What the client is told of an event, once for each subscription that it matches.
    public List<Reply> told(Event event) {
        List<Reply> told = new ArrayList<>();
        if (channels.contains(event.channel())) {
            told.add(push(List.of("message", event.channel(), event.message())));
        }
        for (String pattern : patterns) {
            if (!Glob.matches(pattern, event.channel())) continue;
            told.add(push(List.of("pmessage", pattern, event.channel(), event.message())));
        }
        return told;
    }

    private static Reply push(List<String> words) {
        return new Reply.Push(
                words.stream().map(word -> (Reply) new Reply.Bulk(word)).toList());
    }

    /// @param words of a command, at least one
    public Reply answer(List<String> words, Facts facts) {
        String command = words.getFirst().toLowerCase(Locale.ROOT);
        int least = Commands.arity(command);
        if (least == 0) return unknown(words);
        if (least > 0 ? words.size() != least : words.size() < -least) return SentinelCommand.arity(command);
        boolean free = command.equals("auth") || command.equals("hello") || command.equals("quit");
        if (!known && !free) return new Reply.Failure("NOAUTH Authentication required.");
        if (version == 2 && isSubscribed() && !Commands.isForSubscribers(command)) {
            return new Reply.Failure(
                    "ERR Can't execute '" + command + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING"
                            + " / QUIT / RESET are allowed in this context");
        }
        return switch (command) {
            case "ping" -> ping(words);
            case "sentinel" -> SentinelCommand.answer(words, facts, failOver);
            case "subscribe" -> subscribe("subscribe", words, channels);
            case "psubscribe" -> subscribe("psubscribe", words, patterns);
            case "unsubscribe" -> unsubscribe("unsubscribe", words, channels);
            case "punsubscribe" -> unsubscribe("punsubscribe", words, patterns);
            case "hello" -> hello(words);
            case "auth" -> auth(words.size() == 3 ? words.get(1) : "default", words.getLast(), words.size() == 3);
            case "client" -> client(words);
            case "info" -> info(words, facts);
            case "role" ->
                new Reply.Array(List.of(
                        new Reply.Bulk("sentinel"),
                        Reply.bulks(List.copyOf(facts.services().keySet()))));
            case "command" -> Commands.answer(words);
            case "quit" -> {
                leaving = true;
                yield Reply.ok();
            }
            case "publish" -> new Reply.Failure("ERR Only HELLO messages are accepted by Sentinel instances.");
            default -> unknown(words);
        };
    }

    private static Reply unknown(List<String> words) {
        StringBuilder text = new StringBuilder("ERR unknown command '");
        text.append(shown(words.getFirst())).append("', with args beginning with: ");
        for (String word : words.subList(1, words.size())) {
            if (text.length() > 200) break;
            text.append('\'').append(shown(word)).append("' ");
        }
        return new Reply.Failure(text.toString());
    }

    private static String shown(String word) {
        return word.substring(0, Math.min(128, word.length()))
                .replace('\r', ' ')
                .replace('\n', ' ');
    }

    private Reply ping(List<String> words) {
        if (words.size() > 2) return SentinelCommand.arity("ping");
        String said = words.size() == 2 ? words.get(1) : "";
        if (version == 2 && isSubscribed()) return Reply.bulks(List.of("pong", said));
        return words.size() == 2 ? new Reply.Bulk(said) : new Reply.Simple("PONG");
    }

    // ---- subscriptions --------------------------------------------------------------------------------------------

    private boolean isSubscribed() {
        return !channels.isEmpty() || !patterns.isEmpty();
    }

    private Reply subscribe(String verb, List<String> words, Set<String> to) {
        List<Reply> replies = new ArrayList<>();
        for (String wanted : words.subList(1, words.size())) {
            if (channels.size() + patterns.size() < SUBSCRIPTIONS_MAX) to.add(wanted);
            replies.add(confirmation(verb, new Reply.Bulk(wanted)));
        }
        return new Reply.Several(replies);
    }

    private Reply unsubscribe(String verb, List<String> words, Set<String> from) {
        Collection<String> unwanted = words.size() > 1 ? words.subList(1, words.size()) : List.copyOf(from);
        List<Reply> replies = new ArrayList<>();
        for (String name : unwanted) {
            from.remove(name);
            replies.add(confirmation(verb, new Reply.Bulk(name)));
        }
        if (replies.isEmpty()) replies.add(confirmation(verb, new Reply.Nil()));
        return new Reply.Several(replies);
    }

    private Reply confirmation(String verb, Reply what) {
        long left = channels.size() + (long) patterns.size();
        return new Reply.Push(List.of(new Reply.Bulk(verb), what, new Reply.Count(left)));
    }

    // ---- the connection -------------------------------------------------------------------------------------------

    private Reply auth(String user, String said, boolean named) {
        if (password.isEmpty() && !named) {
            return new Reply.Failure("ERR AUTH <password> called without any password configured for the default user."
                    + " Are you sure your configuration is correct?");
        }
        boolean right = user.equals("default") && (password.isEmpty() || isSame(said));
        if (!right) return new Reply.Failure("WRONGPASS invalid username-password pair or user is disabled.");
        known = true;
        return Reply.ok();
    }

    /// Takes as long for a wrong one.
    private boolean isSame(String said) {
        int differing = said.length() ^ password.length();
        for (int index = 0; index < said.length(); index++) {
            differing |= said.charAt(index) ^ password.charAt(index % password.length());
        }
        return differing == 0;
    }

    private Reply hello(List<String> words) {
        int wanted = version;
        if (words.size() > 1) {
            if (!words.get(1).matches("[0-9]+")) {
                return new Reply.Failure("ERR Protocol version is not an integer or out of range");
            }
            if (!words.get(1).equals("2") && !words.get(1).equals("3")) {
                return new Reply.Failure("NOPROTO unsupported protocol version");
            }
            wanted = Integer.parseInt(words.get(1));
        }
        String named = name;
        for (int at = 2; at < words.size(); at++) {
            String option = words.get(at).toUpperCase(Locale.ROOT);
            if (option.equals("AUTH") && at + 2 < words.size()) {
                if (auth(words.get(at + 1), words.get(at + 2), true) instanceof Reply.Failure wrong) return wrong;
                at += 2;
            } else if (option.equals("SETNAME") && at + 1 < words.size()) {
                named = words.get(++at);
            } else {
                return new Reply.Failure("ERR Syntax error in HELLO option '" + shown(words.get(at)) + "'");
            }
        }
        if (!known) {
            return new Reply.Failure("NOAUTH HELLO must be called with the client already authenticated, otherwise the"
                    + " HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP"
                    + " protocol version at the same time");
        }
        version = wanted;
        name = named;
        return new Reply.Pairs(List.of(
                new Reply.Bulk("server"),
                new Reply.Bulk("redis"),
                new Reply.Bulk("version"),
                new Reply.Bulk(VERSION),
                new Reply.Bulk("proto"),
                new Reply.Count(version),
                new Reply.Bulk("id"),
                new Reply.Count(id),
                new Reply.Bulk("mode"),
                new Reply.Bulk("sentinel"),
                new Reply.Bulk("modules"),
                new Reply.Array(List.of())));
    }

    private Reply client(List<String> words) {
        String verb = words.get(1).toUpperCase(Locale.ROOT);
        int wanted = switch (verb) {
            case "ID", "GETNAME", "INFO", "LIST" -> 2;
            case "SETNAME", "NO-EVICT", "NO-TOUCH" -> 3;
            case "SETINFO" -> 4;
            default -> 0;
        };
        if (wanted == 0) {
            return new Reply.Failure("ERR unknown subcommand '" + shown(words.get(1)) + "'. Try CLIENT HELP.");
        }
        if (words.size() != wanted) return SentinelCommand.arity("client|" + verb.toLowerCase(Locale.ROOT));
        return switch (verb) {
            case "ID" -> new Reply.Count(id);
            case "GETNAME" -> name.isEmpty() ? new Reply.Nil() : new Reply.Bulk(name);
            case "SETNAME" -> {
                if (words.get(2).chars().anyMatch(letter -> letter <= ' ' || letter > '~')) {
                    yield new Reply.Failure("ERR Client names cannot contain spaces, newlines or special characters.");
                }
                name = words.get(2);
                yield Reply.ok();
            }
            case "INFO", "LIST" ->
                new Reply.Bulk("id=" + id + " name=" + name + " sub=" + channels.size() + " psub=" + patterns.size()
                        + " resp=" + version + "\n");
            default -> Reply.ok();
        };
    }

    private static Reply info(List<String> words, Facts facts) {
        Set<String> wanted = new TreeSet<>(words.subList(1, words.size()).stream()
                .map(word -> word.toLowerCase(Locale.ROOT))
                .toList());
        boolean all = wanted.isEmpty()
                || Arrays.asList("all", "default", "everything").stream().anyMatch(wanted::contains);
        StringBuilder text = new StringBuilder();
        if (all || wanted.contains("server")) {
            text.append("# Server\r\nredis_version:" + VERSION + "\r\nredis_mode:sentinel\r\nrun_id:" + facts.id());
            text.append("\r\ntcp_port:" + facts.port() + "\r\n");
        }
        if (all || wanted.contains("sentinel")) {
            text.append(text.isEmpty() ? "" : "\r\n").append(Sheets.info(facts));
        }
        return new Reply.Bulk(text.toString());
    }
}

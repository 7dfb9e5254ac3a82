package holdfast.core.redundancy.resp;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a session has to be made again on another server: who it is, its protocol, database and names. Holds the
/// password that the client gave, since it is said again.
public final class Carried {
    private List<String> login = List.of(); // AUTH and its arguments
    private int version = 2;
    private String database = "0";
    private final SortedMap<String, List<String>> settings = new TreeMap<>(); // CLIENT commands by what they set
    private boolean tracking;
    private @Nullable String stuck;

    /// What the session has used that cannot be carried over; null when it can be moved.
    public @Nullable String stuck() {
        return tracking ? "CLIENT TRACKING" : stuck;
    }

    /// Version of the protocol that it speaks, 2 or 3.
    public int version() {
        return version;
    }

    void stick(String used) {
        stuck = used;
    }

    void reset() {
        login = List.of();
        version = 2;
        database = "0";
        settings.clear();
        tracking = false;
        stuck = null;
    }

    /// The server has said yes to a command that changes the session.
    void done(Command command) {
        List<String> words = command.words();
        if (words.isEmpty()) {
            stick("a " + command.kind() + " that is too long to be remembered");
            return;
        }
        switch (command.kind()) {
            case AUTH -> login = words;
            case SELECT -> database = words.getLast();
            case HELLO -> hello(words);
            case CLIENT -> client(command);
            case READ,
                    WRITE,
                    BLOCK,
                    WAIT,
                    XREAD,
                    XREADGROUP,
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
                    REPLICATION -> {}
        }
    }

    private void hello(List<String> words) {
        if (words.size() > 1) version = words.get(1).equals("3") ? 3 : 2;
        for (int at = 2; at < words.size(); at++) {
            switch (words.get(at).toUpperCase(Locale.ROOT)) {
                case "AUTH" -> {
                    if (at + 2 < words.size()) login = List.of("AUTH", words.get(at + 1), words.get(at + 2));
                    at += 2;
                }
                case "SETNAME" -> {
                    if (at + 1 < words.size()) settings.put("SETNAME", List.of("CLIENT", "SETNAME", words.get(at + 1)));
                    at += 1;
                }
                default -> {}
            }
        }
    }

    private void client(Command command) {
        String verb = command.upper(1);
        switch (verb) {
            case "SETNAME", "NO-EVICT", "NO-TOUCH" -> settings.put(verb, command.words());
            case "SETINFO" -> settings.put(verb + " " + command.upper(2), command.words());
            case "TRACKING" -> tracking = !command.upper(2).equals("OFF");
            case "CAPA", "IMPORT-SOURCE" -> stick("CLIENT " + verb);
            default -> {} // asks, or is about others
        }
    }

    /// The commands that make it again, in order; each is answered once, and none with an error.
    public List<List<String>> replay() {
        List<List<String>> commands = new ArrayList<>();
        if (!login.isEmpty()) commands.add(login);
        if (version == 3) commands.add(List.of("HELLO", "3"));
        commands.addAll(settings.values());
        if (!database.equals("0")) commands.add(List.of("SELECT", database));
        return commands;
    }
}

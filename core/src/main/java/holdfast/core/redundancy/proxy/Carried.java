package holdfast.core.redundancy.proxy;

import holdfast.core.base.Bytes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What a session has made on its server and what of it can be made again on another: settings and prepared
/// statements. What cannot is named, so that the session is ended and not silently changed.
public final class Carried {
    private static final int SETTINGS_MAX = 200;
    private static final int STATEMENTS_MAX = 1_000;
    /// Bytes of prepared statements and settings that are kept for one session.
    public static final int BYTES_MAX = 256 * 1024;

    /// Reported by the server but not for the client to set.
    private static final Set<String> SERVERS_OWN = new TreeSet<>(List.of(
            "in_hot_standby",
            "integer_datetimes",
            "is_superuser",
            "server_encoding",
            "server_version",
            "session_authorization"));

    private final Map<String, String> reported = new TreeMap<>();
    private Map<String, String> settings = new LinkedHashMap<>();
    private @Nullable Map<String, String> beforeTransaction;
    private final Map<String, Bytes> statements = new LinkedHashMap<>();
    private int bytes;
    private boolean rolledBack;
    private @Nullable String stuck;

    /// What ties the session to its server, as a phrase for people; null when it can move.
    public @Nullable String stuck() {
        return stuck;
    }

    /// Something that cannot be made again.
    void stick(String what) {
        if (stuck == null) stuck = what;
    }

    /// The server reported a parameter.
    public void report(String name, String value) {
        reported.put(name, value);
    }

    /// What the server reported last, by name.
    public Map<String, String> reported() {
        return reported;
    }

    /// `SET` statements to be said again, in order.
    public List<String> settings() {
        return List.copyOf(settings.values());
    }

    /// `Parse` messages to be sent again, in order.
    public List<Bytes> statements() {
        return List.copyOf(statements.values());
    }

    /// Parameters that a fresh server reports otherwise than the client knows them and that the client may set.
    ///
    /// @param fresh what the fresh server reported, by name
    public Map<String, String> differing(Map<String, String> fresh) {
        Map<String, String> differing = new TreeMap<>(reported);
        differing.keySet().removeAll(SERVERS_OWN);
        differing
                .entrySet()
                .removeIf(known ->
                        !fresh.containsKey(known.getKey()) || known.getValue().equals(fresh.get(known.getKey())));
        return differing;
    }

    void parsed(String name, Bytes message) {
        closed(name); // the unnamed one is made over and over
        statements.put(name, message);
        bytes += message.size();
        if (statements.size() > STATEMENTS_MAX || bytes > BYTES_MAX) {
            stick("more prepared statements than are remembered");
            statements.clear();
            bytes = 0;
        }
    }

    void closed(String name) {
        Bytes old = statements.remove(name);
        if (old != null) bytes -= old.size();
    }

    /// A statement has ended.
    ///
    /// @param tag as in CommandComplete
    /// @param statement its text, null when it is not known
    void completed(String tag, @Nullable String statement) {
        switch (tag) {
            case "LISTEN" -> stick("LISTEN");
            case "PREPARE" -> stick("SQL PREPARE");
            case "LOAD" -> stick("LOAD");
            case "SET", "RESET" -> set(statement);
            case "DEALLOCATE" -> deallocated(statement);
            case "DEALLOCATE ALL" -> forgetStatements();
            case "DISCARD ALL" -> {
                forgetStatements();
                settings.clear();
                stuck = null;
            }
            case "ROLLBACK" -> rolledBack = true;
            default -> {}
        }
    }

    private void forgetStatements() {
        statements.clear();
        bytes = 0;
    }

    private void deallocated(@Nullable String statement) {
        if (statement == null) return; // one too many is carried
        List<String> words = new ArrayList<>(List.of(statement.split("\\s+")));
        closed(words.getLast().replace("\"", ""));
    }

    private void set(@Nullable String statement) {
        SqlText.Change change =
                statement == null ? null : SqlText.change(statement).orElse(null);
        switch (change) {
            case null -> stick("a SET whose text was not seen");
            case SqlText.Change.Local _ -> {}
            case SqlText.Change.Set(String name, String text) -> {
                remember();
                settings.remove(name); // the order matters, as with roles
                settings.put(name, text);
                if (settings.size() > SETTINGS_MAX || text.length() > BYTES_MAX / SETTINGS_MAX) {
                    stick("more SETs than are remembered");
                }
            }
            case SqlText.Change.Reset(String name) -> {
                remember();
                settings.remove(name);
            }
            case SqlText.Change.ResetAll _ -> {
                remember();
                settings.keySet().removeIf(name -> !name.equals("role") && !name.equals("session authorization"));
            }
        }
    }

    private void remember() {
        if (beforeTransaction == null) beforeTransaction = new LinkedHashMap<>(settings);
    }

    /// The server is ready again.
    ///
    /// @param idle whether no transaction is open
    /// @param failed whether an error came since it was ready last
    void ready(boolean idle, boolean failed) {
        if (beforeTransaction != null) {
            if (idle && (rolledBack || failed)) settings = beforeTransaction;
            else if (rolledBack) stick("SET in a transaction that went back to a savepoint");
            if (idle) beforeTransaction = null;
        }
        rolledBack = false;
    }
}

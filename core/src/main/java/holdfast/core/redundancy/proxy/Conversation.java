package holdfast.core.redundancy.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import holdfast.core.base.Bytes;
import holdfast.core.redundancy.frames.Cutter.Piece;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Follows what a client and its server say to each other: which answers are owed, whether a transaction is open,
/// what the session takes along. One thread.
///
/// A session may be moved to another server when [#isIdle]: nothing was asked that is not answered, and the last
/// answer said that no transaction is open.
public final class Conversation {
    private static final int BODY = 5;

    /// What the server's answer to a message of the client will be about, in the order in which they were sent.
    private sealed interface Owed {
        /// Ends with ReadyForQuery; the text is null when it was too large to look at.
        record Query(@Nullable Bytes text) implements Owed {}

        record FunctionCall() implements Owed {}

        /// Ends with ReadyForQuery, unless it is passed over during COPY.
        record Sync() implements Owed {}

        /// The end of what the client copies in, sent before it was asked for.
        record CopyEnd() implements Owed {}

        record Parse(String name, Bytes message) implements Owed {}

        /// A `SET` of the extended protocol that may be executed.
        record Setting(String statement) implements Owed {}

        /// @param name null for a portal
        record Close(@Nullable String name) implements Owed {}
    }

    private static final Owed SYNC = new Owed.Sync();
    private static final Owed FUNCTION_CALL = new Owed.FunctionCall();
    private static final Owed COPY_END = new Owed.CopyEnd();

    /// What a message of the server calls for beyond being passed on.
    public sealed interface Verdict {
        record Pass() implements Verdict {}

        /// The server is ready for the next query.
        record Ready() implements Verdict {}

        /// The server ends the connection.
        ///
        /// @param code SQLSTATE
        record Fatal(String code) implements Verdict {}

        /// A commit stopped waiting for its replicas: it must not be acknowledged.
        record WaitCancelled() implements Verdict {}

        /// A parameter has changed; it is in [Carried#reported] already.
        record Reported() implements Verdict {}
    }

    private static final Verdict PASS = new Verdict.Pass();
    private static final Verdict READY = new Verdict.Ready();
    private static final Verdict REPORTED = new Verdict.Reported();
    private static final Verdict WAIT_CANCELLED = new Verdict.WaitCancelled();

    private final Carried carried = new Carried();
    private final Deque<Owed> owed = new ArrayDeque<>();
    private int readyOwed;
    private int completed;
    private boolean unsynced;
    private boolean copyIn;
    private boolean failed;
    private byte status = 'I';

    public Carried carried() {
        return carried;
    }

    public boolean isIdle() {
        return readyOwed == 0 && !unsynced && !copyIn && status == 'I';
    }

    /// Answers that are owed: each ends with ReadyForQuery.
    public int readyOwed() {
        return readyOwed;
    }

    /// Whether the next message of the client belongs to what is under way, and begins nothing new for sure.
    public boolean goesOn() {
        return unsynced || copyIn || (readyOwed == 0 && status != 'I');
    }

    /// A fresh server has taken the session over.
    public void moved() {
        owed.clear();
        readyOwed = 0;
        completed = 0;
        unsynced = false;
        copyIn = false;
        failed = false;
        status = 'I';
    }

    /// A message goes to the server; of large ones the first piece.
    public void sent(Frames frames, Piece piece) {
        byte[] data = frames.data();
        boolean whole = piece == Piece.WHOLE;
        int from = frames.start() + BODY;
        switch (frames.type()) {
            case 'Q' -> {
                owe(new Owed.Query(whole ? Bytes.wrap(data).slice(from, frames.end() - 1) : null));
                if (whole) look(data, from, frames.end());
            }
            case 'F' -> owe(FUNCTION_CALL);
            case 'S' -> {
                if (copyIn) return; // the server passes over it
                unsynced = false;
                owe(SYNC);
            }
            case 'c', 'f' -> {
                if (copyIn) copyIn = false;
                else if (readyOwed > 0) owed.add(COPY_END);
            }
            case 'P' -> parse(frames, whole);
            case 'C' -> {
                unsynced = true;
                boolean statement = whole && frames.end() > from && data[from] == 'S';
                owed.add(new Owed.Close(statement ? string(data, from + 1, frames.end()) : null));
            }
            case 'B', 'D', 'E' -> unsynced = true;
            default -> {} // copied data, Flush
        }
    }

    private void owe(Owed answer) {
        owed.add(answer);
        readyOwed++;
    }

    private void look(byte[] data, int from, int to) {
        String left = SqlText.leavesBehind(data, from, to);
        if (left != null) carried.stick(left);
    }

    private void parse(Frames frames, boolean whole) {
        unsynced = true;
        if (!whole) {
            carried.stick("a prepared statement that is too large to be remembered");
            return;
        }
        byte[] data = frames.data();
        int from = frames.start() + BODY;
        String name = string(data, from, frames.end());
        int text = from + name.length() + 1;
        look(data, text, frames.end());
        owed.add(new Owed.Parse(name, Bytes.wrap(data).slice(frames.start(), frames.end())));
        if (startsWithSet(data, text, frames.end())) owed.add(new Owed.Setting(string(data, text, frames.end())));
    }

    private static boolean startsWithSet(byte[] data, int from, int to) {
        int at = from;
        while (at < to && data[at] <= ' ' && data[at] > 0) at++;
        if (to - at < 4) return false;
        String start = SqlText.text(data, at, at + 3).toLowerCase(Locale.ROOT);
        return start.equals("set") || start.equals("res") || start.equals("dea");
    }

    private static String string(byte[] data, int from, int to) {
        int end = from;
        while (end < to && data[end] != 0) end++;
        return new String(data, from, end - from, ISO_8859_1);
    }

    /// A message comes from the server; of large ones the first piece.
    public Verdict heard(Frames frames, Piece piece) {
        byte[] data = frames.data();
        int from = frames.start() + BODY;
        int to = frames.end();
        switch (frames.type()) {
            case 'Z' -> {
                return ready(to > from ? data[from] : (byte) 'I');
            }
            case 'C' -> completed(string(data, from, to));
            case 'S' -> {
                String name = string(data, from, to);
                carried.report(name, string(data, Math.min(to, from + name.length() + 1), to));
                return REPORTED;
            }
            case '1' -> {
                if (first(Owed.Parse.class) instanceof Owed.Parse(String name, Bytes message)) {
                    carried.parsed(name, message);
                }
            }
            case '3' -> {
                if (first(Owed.Close.class) instanceof Owed.Close(String name) && name != null) carried.closed(name);
            }
            case 'G', 'W' -> copying();
            case 'E', 'N' -> {
                return trouble(frames, piece);
            }
            default -> {} // rows and their descriptions
        }
        return PASS;
    }

    private Verdict ready(byte said) {
        while (!owed.isEmpty()) {
            Owed answered = owed.poll();
            if (isReady(answered)) {
                readyOwed--;
                break;
            }
        }
        status = said;
        copyIn = false;
        carried.ready(said == 'I', failed);
        failed = false;
        completed = 0;
        return READY;
    }

    private static boolean isReady(Owed answer) {
        return switch (answer) {
            case Owed.Query _, Owed.FunctionCall _, Owed.Sync _ -> true;
            case Owed.CopyEnd _, Owed.Parse _, Owed.Setting _, Owed.Close _ -> false;
        };
    }

    /// Takes the first of its kind out of what is answered up to the next ReadyForQuery.
    private @Nullable Owed first(Class<? extends Owed> kind) {
        for (Iterator<Owed> all = owed.iterator(); all.hasNext(); ) {
            Owed one = all.next();
            if (kind.isInstance(one)) {
                all.remove();
                return one;
            }
            if (isReady(one)) return null;
        }
        return null;
    }

    private void completed(String tag) {
        String statement = null;
        if (tag.equals("SET") || tag.equals("RESET") || tag.equals("DEALLOCATE")) {
            if (owed.peek() instanceof Owed.Query(Bytes text)) {
                List<String> statements =
                        text == null ? List.of() : SqlText.statements(SqlText.text(text.unsafeArray(), 0, text.size()));
                if (completed < statements.size()) statement = statements.get(completed);
            } else if (first(Owed.Setting.class) instanceof Owed.Setting(String text)) {
                statement = text;
            }
        }
        completed++;
        carried.completed(tag, statement);
    }

    /// The server wants what the client copies in. Syncs that were sent behind the Execute are passed over up to the
    /// end of the copy.
    private void copying() {
        copyIn = true;
        boolean openEnd = unsynced;
        for (Owed next = owed.peek(); next != null && !(next instanceof Owed.Query); next = owed.peek()) {
            owed.poll();
            if (next instanceof Owed.CopyEnd) {
                copyIn = false;
                unsynced = openEnd || readyOwed == 0;
                return;
            }
            if (isReady(next)) {
                readyOwed--;
                unsynced = true;
            }
        }
        if (owed.peek() instanceof Owed.Query && owed.contains(COPY_END)) {
            owed.remove(COPY_END);
            copyIn = false;
        }
    }

    private Verdict trouble(Frames frames, Piece piece) {
        boolean error = frames.type() == 'E';
        if (error) {
            failed = true;
            copyIn = false;
            while (!owed.isEmpty() && !isReady(owed.element())) owed.poll(); // passed over up to the Sync
        }
        if (piece != Piece.WHOLE) return PASS;
        String severity = field(frames, 'V');
        if (error) {
            boolean ends = "FATAL".equals(severity) || "PANIC".equals(severity);
            return ends ? new Verdict.Fatal(String.valueOf(field(frames, 'C'))) : PASS;
        }
        // Texts may be translated, the name of the function is not (PostgreSQL, syncrep.c).
        return "SyncRepWaitForLSN".equals(field(frames, 'R')) && "WARNING".equals(severity) ? WAIT_CANCELLED : PASS;
    }

    /// A field of the ErrorResponse or NoticeResponse shown last; null when it has none such.
    public static @Nullable String field(Frames frames, char wanted) {
        byte[] data = frames.data();
        int at = frames.start() + BODY;
        while (at < frames.end() && data[at] != 0) {
            String value = string(data, at + 1, frames.end());
            if (data[at] == wanted) return value;
            at += value.length() + 2;
        }
        return null;
    }
}

package holdfast.core.proof;

import holdfast.core.proof.Reply.Found;
import holdfast.core.proof.Watched.Event;
import holdfast.core.proof.Watched.Heard;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A history as lines of words, for files that a person can read and a program can judge again. Keys and values hold
/// no spaces; `-` stands for nothing.
///
/// ```
/// history 1 12 25
/// call 3 s2 1200400 1210933 write written-at r/g0/a 14 1 r/g0/a v17 done true 15 0
/// call 4 s1 1200400 never read r/g0/ true lost
/// watch all r/ true
/// opened s1 13
/// told 1209000 15 1 r/g0/a v17 15 13 v16 14 13
/// promised 15
/// lease 77 2000000000 r/l/0 never
/// renewed 1100 true
/// ```
public final class HistoryText {
    private static final String NEVER = "never";
    private static final String NOTHING = "-";

    /// A line that is no part of a history.
    public static final class Unreadable extends RuntimeException {
        private static final long serialVersionUID = 1;

        Unreadable(String sentence) {
            super(sentence);
        }
    }

    private HistoryText() {}

    public static List<String> write(History history) {
        List<String> lines = new ArrayList<>();
        lines.add(join("history", 1, history.baseRevision(), history.endRevision()));
        for (Call call : history.calls()) lines.add(line(call));
        for (Watched watched : history.watches()) {
            lines.add(join("watch", watched.name(), watched.prefix(), watched.wantsBefore()));
            for (Heard heard : watched.heard()) lines.add(line(heard));
        }
        for (Leased lease : history.leases()) {
            lines.add(join("lease", lease.id(), lease.ttlNanos(), lease.key(), time(lease.revokedNanos())));
            for (Leased.Renewal renewal : lease.renewals()) {
                lines.add(join("renewed", renewal.invokedNanos(), renewal.acknowledged()));
            }
        }
        return lines;
    }

    private static String line(Call call) {
        List<Object> words = new ArrayList<>(List.of("call", call.client(), call.member()));
        words.addAll(List.of(time(call.invokedNanos()), time(call.returnedNanos())));
        switch (call.op()) {
            case Op.Read(String key, boolean prefix) -> words.addAll(List.of("read", key, prefix));
            case Op.Write(Op.Guard guard, List<Op.Change> changes) -> {
                words.add("write");
                switch (guard) {
                    case Op.Guard.Always _ -> words.add("always");
                    case Op.Guard.Present(String key) -> words.addAll(List.of("present", key));
                    case Op.Guard.WrittenAt(String key, long at) -> words.addAll(List.of("written-at", key, at));
                }
                words.add(changes.size());
                for (Op.Change change : changes) words.addAll(List.of(change.key(), orNothing(change.value())));
            }
        }
        switch (call.reply()) {
            case Reply.Lost _ -> words.add("lost");
            case Reply.Refused _ -> words.add("refused");
            case Reply.Done(boolean succeeded, long revision, List<Found> found) -> {
                words.addAll(List.of("done", succeeded, revision, found.size()));
                for (Found pair : found) {
                    words.addAll(List.of(pair.key(), pair.value(), pair.modRevision(), pair.createRevision()));
                }
            }
        }
        return join(words.toArray());
    }

    private static String line(Heard heard) {
        return switch (heard) {
            case Heard.Opened(String member, long from) -> join("opened", member, from);
            case Heard.Promised(long revision) -> join("promised", revision);
            case Heard.Told(long at, long revision, List<Event> events) -> {
                List<Object> words = new ArrayList<>(List.of("told", at, revision, events.size()));
                for (Event event : events) {
                    words.addAll(List.of(
                            event.key(), orNothing(event.value()), event.modRevision(), event.createRevision()));
                    @Nullable Found before = event.before();
                    if (before == null) words.add(NOTHING);
                    else words.addAll(List.of(before.value(), before.modRevision(), before.createRevision()));
                }
                yield join(words.toArray());
            }
        };
    }

    private static String orNothing(@Nullable String value) {
        return value == null ? NOTHING : value;
    }

    private static String time(long nanos) {
        return nanos == Call.NEVER ? NEVER : Long.toString(nanos);
    }

    private static String join(Object... words) {
        StringBuilder line = new StringBuilder();
        for (Object word : words) line.append(line.isEmpty() ? "" : " ").append(word);
        return line.toString();
    }

    /// @throws Unreadable with the line that is wrong
    public static History read(List<String> lines) {
        Reader reader = new Reader();
        for (String line : lines) {
            if (line.isBlank() || line.startsWith("#")) continue;
            reader.line = line;
            reader.words = List.of(line.split(" ", -1)).iterator();
            try {
                reader.take();
            } catch (NumberFormatException | java.util.NoSuchElementException wrong) {
                throw new Unreadable("This is no line of a history: " + line);
            }
        }
        return reader.finish();
    }

    private static final class Reader {
        private final List<Call> calls = new ArrayList<>();
        private final List<Watched> watches = new ArrayList<>();
        private final List<Leased> leases = new ArrayList<>();
        private List<Heard> heard = new ArrayList<>();
        private List<Leased.Renewal> renewals = new ArrayList<>();
        private @Nullable Watched watch;
        private @Nullable Leased lease;
        private Iterator<String> words = List.<String>of().iterator();
        private String line = "";
        private long base = -1;
        private long end;

        private void take() {
            String kind = words.next();
            switch (kind) {
                case "history" -> {
                    if (number() != 1) throw new Unreadable("Only version 1 of histories is known: " + line);
                    base = number();
                    end = number();
                }
                case "call" -> calls.add(call());
                case "watch" -> {
                    close();
                    watch = new Watched(words.next(), words.next(), yes(), List.of());
                }
                case "opened" -> heard.add(new Heard.Opened(words.next(), number()));
                case "promised" -> heard.add(new Heard.Promised(number()));
                case "told" -> heard.add(new Heard.Told(number(), number(), events()));
                case "lease" -> {
                    close();
                    lease = new Leased(number(), number(), words.next(), List.of(), number());
                }
                case "renewed" -> renewals.add(new Leased.Renewal(number(), yes()));
                default -> throw new Unreadable("This is no line of a history: " + line);
            }
        }

        private void close() {
            if (watch != null) watches.add(new Watched(watch.name(), watch.prefix(), watch.wantsBefore(), heard));
            if (lease != null) {
                leases.add(new Leased(lease.id(), lease.ttlNanos(), lease.key(), renewals, lease.revokedNanos()));
            }
            watch = null;
            lease = null;
            heard = new ArrayList<>();
            renewals = new ArrayList<>();
        }

        private History finish() {
            close();
            if (base < 0) throw new Unreadable("There is no line that begins with: history 1");
            return new History(base, end, calls, watches, leases);
        }

        private Call call() {
            int client = (int) number();
            String member = words.next();
            long invoked = number();
            long returned = number();
            Op op = op();
            return new Call(client, member, op, invoked, returned, reply());
        }

        private Op op() {
            String kind = words.next();
            if (kind.equals("read")) return new Op.Read(words.next(), yes());
            if (!kind.equals("write")) throw new Unreadable("This is no line of a history: " + line);
            Op.Guard guard = guard();
            long count = number();
            List<Op.Change> changes = new ArrayList<>();
            for (long index = 0; index < count; index++) changes.add(new Op.Change(words.next(), orNull(words.next())));
            return new Op.Write(guard, changes);
        }

        private Op.Guard guard() {
            return switch (words.next()) {
                case "always" -> new Op.Guard.Always();
                case "present" -> new Op.Guard.Present(words.next());
                case "written-at" -> new Op.Guard.WrittenAt(words.next(), number());
                default -> throw new Unreadable("This is no line of a history: " + line);
            };
        }

        private Reply reply() {
            return switch (words.next()) {
                case "lost" -> new Reply.Lost();
                case "refused" -> new Reply.Refused();
                case "done" -> {
                    boolean succeeded = yes();
                    long revision = number();
                    long count = number();
                    List<Found> found = new ArrayList<>();
                    for (long index = 0; index < count; index++) {
                        found.add(new Found(words.next(), words.next(), number(), number()));
                    }
                    yield new Reply.Done(succeeded, revision, found);
                }
                default -> throw new Unreadable("This is no line of a history: " + line);
            };
        }

        private List<Event> events() {
            long count = number();
            List<Event> events = new ArrayList<>();
            for (long index = 0; index < count; index++) {
                String key = words.next();
                @Nullable String value = orNull(words.next());
                long modRevision = number();
                long createRevision = number();
                @Nullable String before = orNull(words.next());
                @Nullable Found pair = before == null ? null : new Found(key, before, number(), number());
                events.add(new Event(key, value, modRevision, createRevision, pair));
            }
            return events;
        }

        private static @Nullable String orNull(String word) {
            return word.equals(NOTHING) ? null : word;
        }

        private boolean yes() {
            return Boolean.parseBoolean(words.next());
        }

        private long number() {
            String word = words.next();
            return word.equals(NEVER) ? Call.NEVER : Long.parseLong(word);
        }
    }
}

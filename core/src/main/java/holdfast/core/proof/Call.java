package holdfast.core.proof;

import java.util.Locale;
import java.util.stream.Collectors;

/// One call of one client with its answer.
///
/// @param client who asked; a client asks for one thing at a time
/// @param member whom it asked
/// @param invokedNanos before it was sent, on the recorder's clock
/// @param returnedNanos after its answer came; [#NEVER] when there was none
public record Call(int client, String member, Op op, long invokedNanos, long returnedNanos, Reply reply) {
    public static final long NEVER = Long.MAX_VALUE;

    boolean isPending() {
        return returnedNanos == NEVER;
    }

    /// The same with what is known of it from elsewhere: it happened at `revision`, but nobody was told.
    Call happenedAt(long revision) {
        return new Call(client, member, op, invokedNanos, NEVER, new Reply.Done(true, revision, java.util.List.of()));
    }

    /// The same without its answer.
    Call forgotten() {
        return new Call(client, member, op, invokedNanos, NEVER, new Reply.Lost());
    }

    /// Whether it changed the store, as far as its client knows. A delete of nothing is guarded, so it never
    /// succeeds.
    boolean wrote() {
        return op instanceof Op.Write && reply instanceof Reply.Done done && done.succeeded();
    }

    @Override
    public String toString() {
        String until = isPending() ? "never" : seconds(returnedNanos);
        return "client %-3d at %s  %9s .. %-9s  %s -> %s"
                .formatted(client, member, seconds(invokedNanos), until, asked(), answered());
    }

    private static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.4f", nanos / 1e9);
    }

    private String asked() {
        return switch (op) {
            case Op.Read(String key, boolean prefix) -> "read " + key + (prefix ? "*" : "");
            case Op.Write(Op.Guard guard, var changes) ->
                changes.stream()
                                .map(change -> change.value() == null
                                        ? "delete " + change.key()
                                        : "put " + change.key() + "=" + change.value())
                                .collect(Collectors.joining(", "))
                        + condition(guard);
        };
    }

    private static String condition(Op.Guard guard) {
        return switch (guard) {
            case Op.Guard.Always _ -> "";
            case Op.Guard.Present(String key) -> " if " + key + " exists";
            case Op.Guard.WrittenAt(String key, long revision) -> " if " + key + " was written at " + revision;
        };
    }

    private String answered() {
        return switch (reply) {
            case Reply.Lost _ -> "no answer";
            case Reply.Refused _ -> "refused";
            case Reply.Done(boolean succeeded, long revision, var found) -> {
                String head = "revision " + revision;
                if (op instanceof Op.Write) yield succeeded ? head : "guard failed at " + head;
                yield found.isEmpty()
                        ? "nothing at " + head
                        : found.stream()
                                        .map(pair -> pair.key() + "=" + pair.value() + "@" + pair.modRevision())
                                        .collect(Collectors.joining(" "))
                                + " at " + head;
            }
        };
    }
}

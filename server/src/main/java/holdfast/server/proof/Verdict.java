package holdfast.server.proof;

import java.util.List;

/// What became of one fault. Times are milliseconds after the fault, by the incident; -1 where it has none.
///
/// @param fault its key
/// @param hurt what was really done, to whom
/// @param diagnosed what the loop said it was, and of whom
/// @param right whether that is the truth, and nobody else was accused
/// @param healed closed, verified, every endpoint back, and customers served
/// @param failedRequests from the fault until all was well
/// @param notes what else is worth knowing, in sentences
public record Verdict(
        String fault,
        String hurt,
        String diagnosed,
        boolean right,
        boolean healed,
        long detectMillis,
        long isolateMillis,
        long recoverMillis,
        long verifyMillis,
        int failedRequests,
        List<String> notes) {
    public Verdict {
        notes = List.copyOf(notes);
    }

    boolean isGood() {
        return right && healed;
    }

    /// One line for people.
    String line() {
        return "%s %s: diagnosed %s (%s); detected %s, isolated %s, recovered %s, verified %s; %s%s"
                .formatted(
                        isGood() ? "healed" : "FAILED",
                        hurt,
                        diagnosed,
                        right ? "right" : "WRONG",
                        seconds(detectMillis),
                        seconds(isolateMillis),
                        seconds(recoverMillis),
                        seconds(verifyMillis),
                        failedRequests == 1 ? "1 request failed" : failedRequests + " requests failed",
                        notes.isEmpty() ? "" : "; " + String.join("; ", notes));
    }

    static String seconds(long millis) {
        return millis < 0 ? "-" : "%.1f s".formatted(millis / 1000.0);
    }
}

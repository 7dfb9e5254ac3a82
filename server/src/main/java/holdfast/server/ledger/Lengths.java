package holdfast.server.ledger;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Lengths of time as people write them in fleet files: `500ms`, `15s`, `10min`, `1h`, `7d`.
public final class Lengths {
    private static final Pattern TEXT = Pattern.compile("(\\d{1,9})\\s*(ms|s|min|h|d)");

    private Lengths() {}

    /// Empty unless it is a whole number with a unit of `ms s min h d`.
    public static Optional<Duration> parse(String text) {
        Matcher parts = TEXT.matcher(text.strip());
        if (!parts.matches()) return Optional.empty();
        long count = Long.parseLong(parts.group(1));
        return Optional.of(
                switch (parts.group(2)) {
                    case "ms" -> Duration.ofMillis(count);
                    case "s" -> Duration.ofSeconds(count);
                    case "min" -> Duration.ofMinutes(count);
                    case "h" -> Duration.ofHours(count);
                    default -> Duration.ofDays(count);
                });
    }

    /// The shortest text that [#parse] turns into the same length, which is whole milliseconds.
    public static String format(Duration length) {
        long millis = length.toMillis();
        if (millis == 0) return "0s";
        if (millis % 86_400_000 == 0) return millis / 86_400_000 + "d";
        if (millis % 3_600_000 == 0) return millis / 3_600_000 + "h";
        if (millis % 60_000 == 0) return millis / 60_000 + "min";
        return millis % 1_000 == 0 ? millis / 1_000 + "s" : millis + "ms";
    }
}

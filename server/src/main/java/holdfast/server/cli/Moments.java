package holdfast.server.cli;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/// Dates and lengths as people read them.
final class Moments {
    private static final DateTimeFormatter DAY_TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT).withZone(ZoneOffset.UTC);

    private Moments() {}

    /// `2026-11-21 12:26:06` (UTC).
    static String date(long wallMillis) {
        return wallMillis == 0 ? "-" : DAY_TIME.format(Instant.ofEpochMilli(wallMillis));
    }

    /// `12:26:06.433` (UTC).
    static String time(long wallMillis) {
        return TIME.format(Instant.ofEpochMilli(wallMillis));
    }

    /// `0.43 s`, `12.1 s`, `3 min 5 s`; `-` while either moment has not come.
    static String length(long fromMillis, long toMillis) {
        if (fromMillis == 0 || toMillis == 0) return "-";
        long millis = toMillis - fromMillis;
        if (millis < 10_000) return String.format(Locale.ROOT, "%.2f s", millis / 1e3);
        if (millis < 60_000) return String.format(Locale.ROOT, "%.1f s", millis / 1e3);
        return millis / 60_000 + " min " + millis / 1_000 % 60 + " s";
    }
}

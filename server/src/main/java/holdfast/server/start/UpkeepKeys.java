package holdfast.server.start;

import static holdfast.server.start.Settings.key;

import holdfast.core.base.Require;
import holdfast.core.base.Require.BadValue;
import holdfast.core.truth.AutoCompaction.Retention;
import holdfast.server.truth.UpkeepConfig;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The keys of [UpkeepConfig], under etcd's names and with etcd's ways to write them.
final class UpkeepKeys {
    static final List<Settings.Key> KEYS = List.of(
            key("quota-backend-bytes", "BYTES", "0", "What the store may hold; 0 means 2 GiB, below 0 no limit."),
            key(
                    "auto-compaction-mode",
                    "MODE",
                    "periodic",
                    "What auto-compaction-retention counts: periodic|revision."),
            key(
                    "auto-compaction-retention",
                    "LENGTH",
                    "0",
                    "History kept: hours or a time as 30m by period, a count by revision; 0 keeps all."),
            key("corrupt-check-time", "TIME", "1m", "How often members compare what they hold; 0s never."),
            key("strict-reconfig-check", "on|off", "on", "Refuse changes of members that endanger the majority."));

    private static final Pattern WHOLE = Pattern.compile("\\d{1,18}");
    private static final Pattern PART = Pattern.compile("(\\d{1,12}(?:\\.\\d{1,9})?)(ns|us|µs|ms|s|m|h)");
    private static final Map<String, Long> UNIT_NANOS = Map.of(
            "ns",
            1L,
            "us",
            1_000L,
            "µs",
            1_000L,
            "ms",
            1_000_000L,
            "s",
            1_000_000_000L,
            "m",
            60_000_000_000L,
            "h",
            3_600_000_000_000L);

    private UpkeepKeys() {}

    static UpkeepConfig read(Settings settings) {
        long quota = settings.number("quota-backend-bytes");
        return new UpkeepConfig(
                quota == 0 ? UpkeepConfig.QUOTA_BYTES : quota,
                retention(settings.text("auto-compaction-mode"), settings.text("auto-compaction-retention")),
                settings.length("corrupt-check-time"),
                onOff(settings, "strict-reconfig-check"));
    }

    /// A whole number counts hours by period; any other text is a length of time as Go writes it, and by
    /// revision its nanoseconds count (etcd, `embed/etcd.go`).
    static Retention retention(String mode, String text) {
        boolean byRevision = mode.equals("revision");
        Require.that("auto-compaction-mode", mode, byRevision || mode.equals("periodic"), "periodic or revision");
        long value;
        if (!WHOLE.matcher(text).matches()) value = goNanos(text);
        else if (byRevision) value = Long.parseLong(text);
        else value = Duration.ofHours(Long.parseLong(text)).toNanos();
        return byRevision ? new Retention(0, value) : new Retention(value, 0);
    }

    private static long goNanos(String text) {
        Matcher part = PART.matcher(text);
        double nanos = 0;
        int end = 0;
        while (part.find() && part.start() == end) {
            nanos += Double.parseDouble(part.group(1)) * UNIT_NANOS.getOrDefault(part.group(2), 0L);
            end = part.end();
        }
        if (end == 0 || end < text.length()) {
            throw new BadValue("auto-compaction-retention is " + text
                    + "; it must be a count, or a length of time such as 72h, 30m or 1h30m");
        }
        return (long) nanos;
    }

    static boolean onOff(Settings settings, String name) {
        String value = settings.text(name);
        Require.that(name, value, value.equals("on") || value.equals("off"), "on or off");
        return value.equals("on");
    }
}

package holdfast.server.cli.etcd;

import holdfast.core.base.Require.BadValue;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Values as Go's flag package and etcd read them. What is wrong is said in their words, since scripts look for them.
final class GoValue {
    private static final Set<String> YES = Set.of("1", "t", "T", "true", "TRUE", "True");
    private static final Set<String> NO = Set.of("0", "f", "F", "false", "FALSE", "False");
    private static final Pattern LENGTH_PART = Pattern.compile("(\\d+\\.?\\d*|\\.\\d+)(ns|us|µs|μs|ms|s|m|h)");
    private static final String PARSE_ERROR = "parse error";

    private GoValue() {}

    /// Refuses what this kind of flag does not take.
    ///
    /// @throws BadValue with the cause only
    static void check(EtcdFlag.Kind kind, String value) {
        switch (kind) {
            case TEXT, LIST, NONE -> {}
            case URLS -> urls(value);
            case YES_NO -> isYes(value);
            case COUNT -> {
                if (number(value) < 0) throw new BadValue(PARSE_ERROR);
            }
            case NUMBER -> number(value);
            case LENGTH -> length(value);
            case STATE -> {
                if (!value.equals("new") && !value.equals("existing")) throw new BadValue("invalid value");
            }
        }
    }

    static boolean isYes(String value) {
        if (!YES.contains(value) && !NO.contains(value)) throw new BadValue(PARSE_ERROR);
        return YES.contains(value);
    }

    /// Decimal, or hexadecimal with 0x, octal with 0 or 0o, binary with 0b; underscores between digits.
    static long number(String value) {
        String text = value.replace("_", "");
        boolean negative = text.startsWith("-");
        String digits = negative || text.startsWith("+") ? text.substring(1) : text;
        try {
            long number = magnitude(digits.toLowerCase(java.util.Locale.ROOT));
            return negative ? -number : number;
        } catch (NumberFormatException bad) {
            boolean isWhole = digits.matches("\\d+");
            throw new BadValue(isWhole ? "value out of range" : PARSE_ERROR);
        }
    }

    private static long magnitude(String digits) {
        if (digits.startsWith("+") || digits.startsWith("-")) throw new NumberFormatException(digits);
        if (digits.startsWith("0x")) return Long.parseLong(digits.substring(2), 16);
        if (digits.startsWith("0b")) return Long.parseLong(digits.substring(2), 2);
        if (digits.startsWith("0o")) return Long.parseLong(digits.substring(2), 8);
        if (digits.length() > 1 && digits.startsWith("0")) return Long.parseLong(digits.substring(1), 8);
        return Long.parseLong(digits);
    }

    /// `1h30m`, `500ms`, `1.5s`, `0`.
    static Duration length(String value) {
        boolean negative = value.startsWith("-");
        String text = negative || value.startsWith("+") ? value.substring(1) : value;
        if (text.equals("0")) return Duration.ZERO;
        Matcher parts = LENGTH_PART.matcher(text);
        BigDecimal nanos = BigDecimal.ZERO;
        int end = 0;
        while (parts.find() && parts.start() == end) {
            nanos = nanos.add(new BigDecimal(parts.group(1)).multiply(BigDecimal.valueOf(nanosOf(parts.group(2)))));
            end = parts.end();
        }
        if (end == 0 || end != text.length()) throw new BadValue(PARSE_ERROR);
        Duration length = Duration.ofNanos(nanos.longValue());
        return negative ? length.negated() : length;
    }

    private static long nanosOf(String unit) {
        return switch (unit) {
            case "ns" -> 1L;
            case "us", "µs", "μs" -> 1_000L;
            case "ms" -> 1_000_000L;
            case "s" -> 1_000_000_000L;
            case "m" -> 60_000_000_000L;
            case "h" -> 3_600_000_000_000L;
            default -> throw new IllegalStateException(unit);
        };
    }

    /// Sorted and each once, as etcd keeps them; empty for an empty text.
    static List<String> urls(String value) {
        if (value.isEmpty()) return List.of();
        Set<String> urls = new TreeSet<>();
        for (String part : value.split(",", -1)) urls.add(url(part.strip()));
        return new ArrayList<>(urls);
    }

    private static String url(String text) {
        boolean isHttp = text.startsWith("http://") || text.startsWith("https://");
        if (text.startsWith("unix://") || text.startsWith("unixs://")) return text;
        if (!isHttp) throw new BadValue("URL scheme must be http, https, unix, or unixs: " + text);
        String host = text.substring(text.indexOf("//") + 2);
        int slash = host.indexOf('/');
        String address = slash < 0 ? host : host.substring(0, slash);
        if (!address.matches("(\\[[^\\]]*]|[^:\\[\\]]*):\\d*")) {
            throw new BadValue("URL address does not have the form \"host:port\": " + text);
        }
        if (slash >= 0) throw new BadValue("URL must not contain a path: " + text);
        return text;
    }
}

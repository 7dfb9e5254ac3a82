package holdfast.server.base;

import java.math.BigDecimal;

/// Numbers as Go writes them, and so as every exporter written in Go shows them: `0`, `20480`, `2.147483648e+09`. Some
/// who read `/metrics` parse them as whole numbers.
final class GoNumber {
    private static final int EXPONENT_MIN = -4;
    private static final int PLAIN_MAX = 6;

    private GoNumber() {}

    /// The shortest text that reads back as `value`: with an exponent below -4 and from 6 on (Go's strconv, `g`).
    static String text(double value) {
        if (Double.isNaN(value)) return "NaN";
        if (Double.isInfinite(value)) return value > 0 ? "+Inf" : "-Inf";
        if (value == 0) return "0";
        BigDecimal exact = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        String digits = exact.unscaledValue().abs().toString();
        int exponent = digits.length() - exact.scale() - 1;
        if (exponent >= EXPONENT_MIN && exponent < PLAIN_MAX) return exact.toPlainString();
        String fraction = digits.length() == 1 ? "" : "." + digits.substring(1);
        String power = (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
        return (value < 0 ? "-" : "") + digits.charAt(0) + fraction + "e" + power;
    }

    /// One page of Prometheus' text format with its values written so. Labels stay as they are.
    static String page(String page) {
        StringBuilder written = new StringBuilder(page.length());
        int at = 0;
        while (at < page.length()) {
            int end = page.indexOf('\n', at);
            if (end < 0) end = page.length();
            int space = page.lastIndexOf(' ', end - 1);
            if (page.charAt(at) == '#' || space < at) {
                written.append(page, at, end);
            } else {
                written.append(page, at, space + 1).append(value(page.substring(space + 1, end)));
            }
            written.append('\n');
            at = end + 1;
        }
        return written.toString();
    }

    private static String value(String text) {
        return switch (text) {
            case "NaN", "+Inf", "-Inf" -> text;
            default -> text(Double.parseDouble(text));
        };
    }
}

package holdfast.server.truth.etcd.json;

import java.util.BitSet;
import java.util.Locale;

/// Follows JSON byte by byte (RFC 8259, nothing more) and tells where a value ends, so that a flow of values can be cut
/// while it comes in. Each byte costs a few instructions, however the flow is cut into chunks.
///
/// Errors are worded as by Go's `encoding/json`, which etcd's gateway answers with.
final class JsonScanner {
    /// Deeper nesting is refused, long before a stack could end.
    private static final int DEPTH_MAX = 500;

    private static final String LITERALS = "true false null ";

    /// What one more byte meant.
    enum Step {
        /// Space before a value.
        BEFORE,
        INSIDE,
        /// The value ended before this byte, which was not taken.
        ENDED_BEFORE,
        /// The value ended with this byte.
        ENDED
    }

    private enum At {
        VALUE,
        FIRST_ELEMENT,
        FIRST_KEY,
        KEY,
        STRING,
        ESCAPE,
        HEX,
        LITERAL,
        MINUS,
        ZERO,
        DIGITS,
        POINT,
        FRACTION,
        EXPONENT,
        EXPONENT_SIGN,
        EXPONENT_DIGITS,
        AFTER_KEY,
        AFTER_VALUE
    }

    private final BitSet objects = new BitSet(); // by depth: whether it is an object
    private At at = At.VALUE;
    private int depth;
    private boolean key; // whether the string under way is a key
    private int hexLeft;
    private int literal; // place in LITERALS

    /// Whether a value has begun and not ended.
    boolean isInside() {
        return depth > 0 || at != At.VALUE;
    }

    /// Whether the flow may end here: between values, or behind a number that has all it needs.
    boolean mayEnd() {
        return depth == 0
                && switch (at) {
                    case VALUE, ZERO, DIGITS, FRACTION, EXPONENT_DIGITS -> true;
                    default -> false;
                };
    }

    /// Ready for the next value.
    void restart() {
        at = At.VALUE;
        depth = 0;
    }

    /// Takes one byte, 0 to 255.
    Step step(int c) throws BadJson {
        switch (at) {
            case VALUE -> {
                if (isSpace(c)) return depth == 0 ? Step.BEFORE : Step.INSIDE;
                begin(c);
            }
            case FIRST_ELEMENT -> {
                if (c == ']') return up();
                if (!isSpace(c)) begin(c);
            }
            case FIRST_KEY -> {
                if (c == '}') return up();
                beginKey(c);
            }
            case KEY -> beginKey(c);
            case STRING -> {
                if (c == '"') return endString();
                if (c == '\\') at = At.ESCAPE;
                else if (c < 0x20) throw bad(c, "in string literal");
            }
            case ESCAPE -> {
                if (c == 'u') {
                    at = At.HEX;
                    hexLeft = 4;
                } else if ("bfnrt\\/\"".indexOf(c) >= 0) {
                    at = At.STRING;
                } else {
                    throw bad(c, "in string escape code");
                }
            }
            case HEX -> {
                if (Character.digit(c, 16) < 0 || c > 'f') throw bad(c, "in \\u hexadecimal character escape");
                if (--hexLeft == 0) at = At.STRING;
            }
            case LITERAL -> {
                return literal(c);
            }
            case MINUS, ZERO, DIGITS, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, EXPONENT_DIGITS -> {
                return number(c);
            }
            case AFTER_KEY -> {
                if (c == ':') at = At.VALUE;
                else if (!isSpace(c)) throw bad(c, "after object key");
            }
            case AFTER_VALUE -> {
                return after(c);
            }
        }
        return Step.INSIDE;
    }

    private void begin(int c) throws BadJson {
        switch (c) {
            case '{' -> down(true, At.FIRST_KEY);
            case '[' -> down(false, At.FIRST_ELEMENT);
            case '"' -> {
                key = false;
                at = At.STRING;
            }
            case '-' -> at = At.MINUS;
            case '0' -> at = At.ZERO;
            case 't', 'f', 'n' -> {
                literal = LITERALS.indexOf(c) + 1;
                at = At.LITERAL;
            }
            default -> {
                if (!isDigit(c)) throw bad(c, "looking for beginning of value");
                at = At.DIGITS;
            }
        }
    }

    private void beginKey(int c) throws BadJson {
        if (isSpace(c)) return;
        if (c != '"') throw bad(c, "looking for beginning of object key string");
        key = true;
        at = At.STRING;
    }

    private void down(boolean object, At next) throws BadJson {
        if (depth == DEPTH_MAX) throw new BadJson("exceeded max depth");
        objects.set(depth++, object);
        at = next;
    }

    private Step up() {
        depth--;
        return endValue();
    }

    private Step endString() {
        if (!key) return endValue();
        key = false;
        at = At.AFTER_KEY;
        return Step.INSIDE;
    }

    private Step endValue() {
        at = depth == 0 ? At.VALUE : At.AFTER_VALUE;
        return depth == 0 ? Step.ENDED : Step.INSIDE;
    }

    private Step literal(int c) throws BadJson {
        char expected = LITERALS.charAt(literal);
        if (c != expected) {
            int begin = LITERALS.lastIndexOf(' ', literal) + 1;
            String word = LITERALS.substring(begin, LITERALS.indexOf(' ', literal));
            throw bad(c, "in literal " + word + " (expecting '" + expected + "')");
        }
        return LITERALS.charAt(++literal) == ' ' ? endValue() : Step.INSIDE;
    }

    private Step number(int c) throws BadJson {
        if (at == At.MINUS) {
            if (!isDigit(c)) throw bad(c, "in numeric literal");
            at = c == '0' ? At.ZERO : At.DIGITS;
        } else if (at == At.POINT) {
            if (!isDigit(c)) throw bad(c, "after decimal point in numeric literal");
            at = At.FRACTION;
        } else if (at == At.EXPONENT && (c == '+' || c == '-')) {
            at = At.EXPONENT_SIGN;
        } else if (at == At.EXPONENT || at == At.EXPONENT_SIGN) {
            if (!isDigit(c)) throw bad(c, "in exponent of numeric literal");
            at = At.EXPONENT_DIGITS;
        } else {
            return longer(c);
        }
        return Step.INSIDE;
    }

    /// A number that could end here.
    private Step longer(int c) throws BadJson {
        if (isDigit(c) && at != At.ZERO) return Step.INSIDE;
        if (c == '.' && (at == At.ZERO || at == At.DIGITS)) {
            at = At.POINT;
            return Step.INSIDE;
        }
        if ((c == 'e' || c == 'E') && at != At.EXPONENT_DIGITS) {
            at = At.EXPONENT;
            return Step.INSIDE;
        }
        if (endValue() == Step.ENDED) return Step.ENDED_BEFORE;
        return after(c);
    }

    private Step after(int c) throws BadJson {
        if (isSpace(c)) return Step.INSIDE;
        boolean object = objects.get(depth - 1);
        if (c == ',') {
            at = object ? At.KEY : At.VALUE;
            return Step.INSIDE;
        }
        if (c == (object ? '}' : ']')) return up();
        throw bad(c, object ? "after object key:value pair" : "after array element");
    }

    private static boolean isSpace(int c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }

    private static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    private static BadJson bad(int c, String where) {
        String said = switch (c) {
            case '\'' -> "\\'";
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default ->
                c < 0x20 || (c >= 0x7f && c < 0xa0)
                        ? String.format(Locale.ROOT, c < 0x80 ? "\\x%02x" : "\\u%04x", c)
                        : String.valueOf((char) c);
        };
        return new BadJson("invalid character '" + said + "' " + where);
    }
}

package holdfast.core.redundancy.sentinel;

/// Redis' patterns: `*`, `?`, `[a-c]`, `[^a]`, and `\` before what is meant as it is.
final class Glob {
    private static final int STEPS_MAX = 100_000; // then it does not match

    private final String pattern;
    private int steps;

    private Glob(String pattern) {
        this.pattern = pattern;
    }

    static boolean matches(String pattern, String text) {
        return new Glob(pattern).matches(0, text, 0);
    }

    private boolean matches(int from, String text, int start) {
        int at = start;
        for (int index = from; index < pattern.length(); index++) {
            if (++steps > STEPS_MAX) return false;
            char wanted = pattern.charAt(index);
            if (wanted == '*') {
                for (int rest = at; rest <= text.length(); rest++) {
                    if (matches(index + 1, text, rest)) return true;
                }
                return false;
            }
            if (at == text.length()) return false;
            char found = text.charAt(at++);
            if (wanted == '[') {
                int end = pattern.indexOf(']', index + 2);
                if (end < 0) end = pattern.length();
                if (!isIn(pattern.substring(index + 1, end), found)) return false;
                index = end;
            } else if (wanted != '?') {
                if (wanted == '\\' && index + 1 < pattern.length()) wanted = pattern.charAt(++index);
                if (wanted != found) return false;
            }
        }
        return at == text.length();
    }

    private static boolean isIn(String set, char found) {
        boolean not = set.startsWith("^");
        boolean in = false;
        for (int index = not ? 1 : 0; index < set.length(); index++) {
            char first = set.charAt(index);
            if (first == '\\' && index + 1 < set.length()) first = set.charAt(++index);
            char last = first;
            if (index + 2 < set.length() && set.charAt(index + 1) == '-') {
                last = set.charAt(index + 2);
                index += 2;
            }
            in |= found >= Math.min(first, last) && found <= Math.max(first, last);
        }
        return in != not;
    }
}

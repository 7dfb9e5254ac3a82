package holdfast.core.base;

import java.time.Duration;
import java.util.function.Supplier;

/// Refuses a bad setting with its key, its value and its bound: `healing.detect.heartbeat-every is 3 ms; the least is
/// 10 ms`.
public final class Require {
    private Require() {}

    /// What a bad setting says: key, value, bound, in one sentence.
    public static final class BadValue extends IllegalArgumentException {
        private static final long serialVersionUID = 1;

        public BadValue(String sentence) {
            super(sentence);
        }
    }

    public static void that(String key, Object value, boolean holds, String bound) {
        if (!holds) throw new BadValue(key + " is " + value + "; it must be " + bound);
    }

    public static void atLeast(String key, long value, long least) {
        if (value < least) throw new BadValue(key + " is " + value + "; the least is " + least);
    }

    public static void between(String key, long value, long least, long most) {
        atLeast(key, value, least);
        if (value > most) throw new BadValue(key + " is " + value + "; the most is " + most);
    }

    public static void atLeast(String key, Duration value, Duration least) {
        if (value.compareTo(least) < 0) throw new BadValue(key + " is " + say(value) + "; the least is " + say(least));
    }

    public static void between(String key, Duration value, Duration least, Duration most) {
        atLeast(key, value, least);
        if (value.compareTo(most) > 0) throw new BadValue(key + " is " + say(value) + "; the most is " + say(most));
    }

    /// Makes a value and names what it refuses under `prefix`: `every is 1 ms` becomes
    /// `services.orders.checks[0].every is 1 ms`.
    public static <T> T under(String prefix, Supplier<T> make) {
        try {
            return make.get();
        } catch (BadValue bad) {
            throw new BadValue(prefix + "." + bad.getMessage());
        }
    }

    /// A length of time as people write it: `250 ms`, `3 s`, `10 min`.
    public static String say(Duration length) {
        long millis = length.toMillis();
        if (millis % 60_000 == 0 && millis != 0) return millis / 60_000 + " min";
        return millis % 1_000 == 0 ? millis / 1_000 + " s" : millis + " ms";
    }
}

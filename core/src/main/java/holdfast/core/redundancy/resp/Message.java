package holdfast.core.redundancy.resp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import org.jspecify.annotations.Nullable;

/// What a server says about subscriptions, or of its own accord.
///
/// @param kind first word, such as `message` or `unsubscribe`
/// @param left subscriptions that are left, for those that confirm; -1 when that cannot be seen
record Message(String kind, int left) {
    private static final int KIND_BYTES_MAX = 32;

    /// Out of the array or push shown last; null when it is neither.
    static @Nullable Message of(Frames frames) {
        byte[] data = frames.data();
        int to = frames.end();
        int first = Command.lineEnd(data, frames.start(), to);
        if (first >= to || data[first] != '$') return null;
        int body = Command.lineEnd(data, first, to);
        int length = Command.number(data, first + 1, body);
        if (length < 0 || length > KIND_BYTES_MAX || length + 2 > to - body) return null;
        String kind = new String(data, body, length, ISO_8859_1);
        return new Message(kind, confirms(kind) ? left(data, body + length + 2, to) : -1);
    }

    private static int left(byte[] data, int channel, int to) {
        int body = Command.lineEnd(data, channel, to);
        int length = Command.number(data, channel + 1, body);
        long count = body + (length < 0 ? 0L : length + 2L);
        if (count >= to || data[(int) count] != ':') return -1;
        return Command.number(data, (int) count + 1, to);
    }

    private static boolean confirms(String kind) {
        return switch (kind) {
            case "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe" -> true;
            default -> false;
        };
    }

    boolean isConfirmation() {
        return confirms(kind);
    }

    boolean isSharded() {
        return kind.equals("ssubscribe") || kind.equals("sunsubscribe");
    }

    boolean ends() {
        return kind.startsWith("unsub") || kind.startsWith("punsub") || kind.startsWith("sunsub");
    }

    /// Whether an array that begins so comes from a subscription, while there is one.
    boolean isOfSubscription() {
        return isConfirmation() || kind.equals("message") || kind.equals("pmessage") || kind.equals("smessage");
    }
}

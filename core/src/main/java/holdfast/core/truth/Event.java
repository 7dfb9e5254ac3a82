package holdfast.core.truth;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// One change of one key. A delete's `now` carries only the key and the delete's revision.
///
/// @param before the pair as it stood just before; null on a create
public record Event(Kind kind, KeyValue now, @Nullable KeyValue before) {
    private static final int AROUND_BYTES = 200; // objects and their place in a list

    public enum Kind {
        PUT,
        DELETE
    }

    /// What it takes in memory, about.
    public long bytes() {
        long bytes = (long) AROUND_BYTES + now.key().size() + now.value().size();
        return before == null ? bytes : bytes + before.value().size();
    }

    /// What all of them take in memory, about.
    public static long bytesOf(List<Event> events) {
        long bytes = 0;
        for (Event event : events) bytes += event.bytes();
        return bytes;
    }
}

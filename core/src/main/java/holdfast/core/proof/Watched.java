package holdfast.core.proof;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What one watcher heard, over all the streams that it went through: each begins with an [Heard.Opened], at the
/// revision behind the last that came.
///
/// @param prefix keys watched
/// @param wantsBefore whether events were to carry the pair before them
public record Watched(String name, String prefix, boolean wantsBefore, List<Heard> heard) {
    public Watched {
        heard = List.copyOf(heard);
    }

    public sealed interface Heard {
        /// A new stream, asked for everything from `fromRevision` on.
        record Opened(String member, long fromRevision) implements Heard {}

        /// One response.
        ///
        /// @param atNanos when it came, on the recorder's clock
        /// @param revision of its header
        record Told(long atNanos, long revision, List<Event> events) implements Heard {
            public Told {
                events = List.copyOf(events);
            }
        }

        /// A promise that nothing at `revision` or below comes any more.
        record Promised(long revision) implements Heard {}
    }

    /// @param value null for a delete
    /// @param createRevision 0 for a delete
    /// @param before the pair before it; null when there was none, or none was asked for
    public record Event(
            String key, @Nullable String value, long modRevision, long createRevision, Reply.@Nullable Found before) {
        /// The same change, whoever heard of it.
        boolean isSameAs(Event other) {
            return key.equals(other.key)
                    && java.util.Objects.equals(value, other.value)
                    && modRevision == other.modRevision
                    && createRevision == other.createRevision;
        }

        String say() {
            return (value == null ? "delete " + key : "put " + key + "=" + value) + " at " + modRevision;
        }
    }
}

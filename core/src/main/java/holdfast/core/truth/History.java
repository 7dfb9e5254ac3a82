package holdfast.core.truth;

import java.util.List;

/// What happened to a range between two revisions, for watchers that are behind.
public sealed interface History {

    /// @param events in revision order, whole revisions only
    /// @param throughRevision everything in the range up to here is in `events`; the next step starts one above
    /// @param readRows rows that were looked at: what this step cost
    record Events(List<Event> events, long throughRevision, int readRows) implements History {}

    /// The first revision wanted is below the compact revision.
    record Compacted(long compactRevision) implements History {}
}

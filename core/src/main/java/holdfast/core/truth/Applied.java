package holdfast.core.truth;

import java.util.List;

/// What one [Batch] did.
///
/// @param replies one for each command, in order
/// @param events in revision order, and within one revision in the order of the writes
public record Applied(long index, long revision, List<Answer> replies, List<Event> events) {
    /// A reply and the store's revision right after its command (etcd's response header).
    public record Answer(long revision, Reply reply) {}
}

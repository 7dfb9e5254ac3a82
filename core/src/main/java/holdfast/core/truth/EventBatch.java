package holdfast.core.truth;

import java.util.List;

/// Events that belong to whole revisions, in order. Watchers that want the same events hold the same batch, so
/// that what is made of it (its size, its encoding) is made once.
///
/// @param bytes what the events take in memory, about
public record EventBatch(List<Event> events, long bytes) {
    public EventBatch {
        events = List.copyOf(events);
    }

    public static EventBatch of(List<Event> events) {
        return new EventBatch(events, Event.bytesOf(events));
    }

    /// All events of all batches.
    public static List<Event> eventsOf(List<EventBatch> batches) {
        return batches.size() == 1
                ? batches.getFirst().events()
                : batches.stream().flatMap(batch -> batch.events().stream()).toList();
    }

    /// What the events of all batches take in memory, about.
    public static long bytesOf(List<EventBatch> batches) {
        long bytes = 0;
        for (EventBatch batch : batches) bytes += batch.bytes();
        return bytes;
    }
}

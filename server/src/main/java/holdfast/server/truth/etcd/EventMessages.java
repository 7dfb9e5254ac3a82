package holdfast.server.truth.etcd;

import holdfast.core.truth.EventBatch;
import holdfast.protocol.mvcc.Event;
import java.util.IdentityHashMap;
import java.util.List;

/// Events as messages, made once for all watchers of a stream that get the same batch. Forget them when they are sent.
final class EventMessages {
    private final IdentityHashMap<EventBatch, List<Event>> plain = new IdentityHashMap<>();
    private final IdentityHashMap<EventBatch, List<Event>> withBefore = new IdentityHashMap<>();

    List<Event> of(EventBatch batch, boolean before) {
        IdentityHashMap<EventBatch, List<Event>> made = before ? withBefore : plain;
        return made.computeIfAbsent(
                batch,
                _ -> batch.events().stream()
                        .map(event -> Translate.event(event, before))
                        .toList());
    }

    void forget() {
        if (!plain.isEmpty()) plain.clear();
        if (!withBefore.isEmpty()) withBefore.clear();
    }
}

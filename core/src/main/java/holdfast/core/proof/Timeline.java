package holdfast.core.proof;

import holdfast.core.proof.Reply.Found;
import holdfast.core.proof.Watched.Event;
import holdfast.core.proof.Watched.Heard;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What happened at which revision: all that any watcher heard, laid together.
final class Timeline {
    private final SortedMap<Long, SortedMap<String, Event>> byRevision = new TreeMap<>();
    private final SortedMap<String, Long> revisionOfValue = new TreeMap<>();
    private final SortedMap<String, Long> heardDeleted = new TreeMap<>(); // key -> when first heard
    private final List<Violation> contradictions = new ArrayList<>();

    static Timeline of(History history) {
        Timeline timeline = new Timeline();
        for (Watched watched : history.watches()) {
            for (Heard heard : watched.heard()) {
                if (!(heard instanceof Heard.Told(long atNanos, long _, List<Event> events))) continue;
                for (Event event : events) timeline.add(watched, event, atNanos);
            }
        }
        for (Call call : history.calls()) {
            if (!(call.reply() instanceof Reply.Done done)) continue;
            for (Found pair : done.found()) timeline.revisionOfValue.putIfAbsent(pair.value(), pair.modRevision());
        }
        return timeline;
    }

    private void add(Watched watched, Event event, long atNanos) {
        @Nullable
        Event known = byRevision
                .computeIfAbsent(event.modRevision(), _ -> new TreeMap<>())
                .putIfAbsent(event.key(), event);
        if (known != null && !known.isSameAs(event)) {
            contradictions.add(Violation.of(
                    "watch-disagree",
                    "Two watchers heard different things of " + event.key() + " at revision " + event.modRevision()
                            + "; one of them is " + watched.name() + ".",
                    known.say(),
                    event.say()));
        }
        @Nullable String value = event.value();
        if (value != null) revisionOfValue.putIfAbsent(value, event.modRevision());
        else heardDeleted.merge(event.key(), atNanos, Math::min);
    }

    List<Violation> contradictions() {
        return contradictions;
    }

    /// Events at a revision by key; empty when nobody heard of one.
    SortedMap<String, Event> at(long revision) {
        return byRevision.getOrDefault(revision, Collections.emptySortedMap());
    }

    /// Revisions from `from` to `to`, both inclusive, at which something below `prefix` changed.
    List<Long> revisions(String prefix, long from, long to) {
        if (from > to) return List.of();
        return byRevision.subMap(from, to + 1).entrySet().stream()
                .filter(entry -> entry.getValue().keySet().stream().anyMatch(key -> key.startsWith(prefix)))
                .map(java.util.Map.Entry::getKey)
                .toList();
    }

    SortedMap<Long, SortedMap<String, Event>> all() {
        return Collections.unmodifiableSortedMap(byRevision);
    }

    /// When a value was written, as somebody saw it; null when nobody did.
    @Nullable
    Long revisionOf(String value) {
        return revisionOfValue.get(value);
    }

    /// When the first watcher heard that `key` was deleted, on the recorder's clock; null when nobody did.
    @Nullable
    Long heardDeletedNanos(String key) {
        return heardDeleted.get(key);
    }

    /// The pairs as they stood, carried from revision to revision.
    static final class Replay {
        private final SortedMap<String, Found> pairs = new TreeMap<>();

        void apply(SortedMap<String, Event> events) {
            events.forEach((key, event) -> {
                @Nullable String value = event.value();
                if (value == null) pairs.remove(key);
                else pairs.put(key, new Found(key, value, event.modRevision(), event.createRevision()));
            });
        }

        SortedMap<String, Found> pairs() {
            return pairs;
        }
    }
}

package holdfast.core.healing;

import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.Part;
import holdfast.core.healing.fleet.Rung;
import holdfast.core.healing.isolate.Action;
import holdfast.core.healing.locate.Diagnosis;
import java.util.ArrayList;
import java.util.List;

/// One trouble from first symptom to verified end, complete in itself: the next leader goes on from this value
/// alone. The value of `incidents/<id>`. Times are wall clock milliseconds since 1970 of the loop's leader; 0
/// means not yet.
///
/// @param id unique for ever; sorts by age within one leader
/// @param hurt parts that suffer, in order; grows while it is open
/// @param pending instances that this incident still has to bring back; in order
/// @param ladderFrom index of the first deed that counts as a tried rung; grows when a person asks for a retry or
///     changes the fleet
/// @param deeds every action for it, oldest first
/// @param entries the timeline, oldest first; at most [#ENTRIES_MAX], the newest kept
public record Incident(
        String id,
        State state,
        Part subject,
        Diagnosis diagnosis,
        List<Part> hurt,
        List<Part.Instance> pending,
        Times times,
        int ladderFrom,
        List<Deed> deeds,
        List<Entry> entries) {

    public static final int ENTRIES_MAX = 200;

    public enum State {
        SUSPECTED,
        CONFIRMED,
        ISOLATED,
        RECOVERING,
        VERIFYING,
        CLOSED,
        HANDED_OVER
    }

    public Incident {
        hurt = List.copyOf(hurt);
        pending = List.copyOf(pending);
        deeds = List.copyOf(deeds);
        entries = entries.size() <= ENTRIES_MAX
                ? List.copyOf(entries)
                : List.copyOf(entries.subList(entries.size() - ENTRIES_MAX, entries.size()));
    }

    /// When each stage was reached, wall clock milliseconds; 0 for not yet.
    ///
    /// @param hurt first symptom
    /// @param recovered the last recovery action was done
    /// @param verified several hosts in a row found it well
    public record Times(long hurt, long detected, long located, long isolated, long recovered, long verified) {}

    /// One line of the timeline.
    public record Entry(long atMillis, State state, Reason what) {}

    /// With one more entry.
    public Incident with(Entry more) {
        List<Entry> longer = new ArrayList<>(entries);
        longer.add(more);
        return new Incident(id, state, subject, diagnosis, hurt, pending, times, ladderFrom, deeds, longer);
    }

    /// An action and what is known of it.
    ///
    /// @param rung that it belongs to
    /// @param atMillis when it was decided
    /// @param answeredMillis when its outcome was known; 0 while it is not
    /// @param answer the outcome's reason; empty while there is none
    public record Deed(Action action, Rung rung, Status status, long atMillis, long answeredMillis, String answer) {
        public enum Status {
            PLANNED,
            DONE,
            REFUSED,
            UNKNOWN
        }
    }

    /// Neither closed nor waiting for a person.
    public boolean isRunning() {
        return state != State.CLOSED && state != State.HANDED_OVER;
    }
}

package holdfast.core.healing.recover.failover;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/// A write-ahead log. Each entry has one byte: the end of the log is the number of its entries. Timelines are numbers,
/// as in PostgreSQL: two may have the same one, and nobody sees that but this simulation, by the entries themselves.
final class SimLog {
    /// @param id no other entry of the run has it
    record Entry(long id, int timeline) {}

    private final List<Entry> entries;
    private final NavigableMap<Integer, Integer> starts; // of each timeline, the entries before it
    /// The largest number of a timeline that its history files name.
    int newest;

    SimLog() {
        entries = new ArrayList<>();
        starts = new TreeMap<>();
    }

    private SimLog(SimLog other) {
        entries = new ArrayList<>(other.entries);
        starts = new TreeMap<>(other.starts);
        newest = other.newest;
    }

    SimLog copy() {
        return new SimLog(this);
    }

    int end() {
        return entries.size();
    }

    int timeline() {
        return entries.isEmpty() ? 0 : entries.getLast().timeline();
    }

    Entry at(int place) {
        return entries.get(place);
    }

    void add(Entry entry) {
        if (starts.isEmpty() || entry.timeline() > starts.lastKey()) starts.put(entry.timeline(), entries.size());
        newest = Math.max(newest, entry.timeline());
        entries.add(entry);
    }

    /// The last so many entries never got to the disk.
    void drop(int count) {
        for (int left = Math.min(count, entries.size() - 1); left > 0; left--) entries.removeLast();
        starts.keySet().removeIf(timeline -> timeline > timeline());
    }

    boolean has(int place, Entry entry) {
        return place < entries.size() && entries.get(place).equals(entry);
    }

    int startOf(int timeline) {
        return starts.getOrDefault(timeline, 0);
    }

    /// Whether a standby may go on from its own end, as far as the numbers of timelines can tell.
    boolean continues(SimLog standby) {
        Integer start = starts.get(standby.timeline());
        if (start == null) return false;
        Integer next = starts.higherKey(standby.timeline());
        return standby.end() <= (next == null ? end() : starts.get(next));
    }

    boolean beginsWith(SimLog other) {
        return other.end() <= end() && (other.end() == 0 || has(other.end() - 1, other.at(other.end() - 1)));
    }
}

package holdfast.core.proof;

import holdfast.core.proof.Reply.Found;
import holdfast.core.proof.Watched.Event;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What revisions alone give away, over all keys: they never go back in real time, no two writes share one, every read
/// shows the keyspace as it stood at its revision, every acknowledged write lies where its answer said, and nothing
/// happened that nobody asked for.
final class OrderJudge {
    private static final int VIOLATIONS_MAX = 20;

    private final History history;
    private final Timeline timeline;
    private final List<Violation> violations = new ArrayList<>();

    OrderJudge(History history, Timeline timeline) {
        this.history = history;
        this.timeline = timeline;
    }

    List<Violation> judge() {
        neverBack();
        writes();
        reads();
        return violations.size() > VIOLATIONS_MAX ? violations.subList(0, VIOLATIONS_MAX) : violations;
    }

    private static long revision(Call call) {
        return call.reply() instanceof Reply.Done done ? done.revision() : 0;
    }

    private void neverBack() {
        List<Call> done = history.calls().stream()
                .filter(call -> call.reply() instanceof Reply.Done && !call.isPending())
                .toList();
        List<Call> byStart = done.stream()
                .sorted(Comparator.comparingLong(Call::invokedNanos))
                .toList();
        List<Call> byEnd = done.stream()
                .sorted(Comparator.comparingLong(Call::returnedNanos))
                .toList();
        int ended = 0;
        @Nullable Call highest = null;
        for (Call call : byStart) {
            while (ended < byEnd.size() && byEnd.get(ended).returnedNanos() < call.invokedNanos()) {
                Call next = byEnd.get(ended++);
                if (highest == null || revision(next) > revision(highest)) highest = next;
            }
            if (highest == null) continue;
            long least = revision(highest) + (call.wrote() ? 1 : 0);
            if (revision(call) >= least) continue;
            violations.add(Violation.of(
                    "stale",
                    "A call was answered at revision " + revision(call) + ", though revision " + revision(highest)
                            + " had been seen before it began.",
                    highest,
                    call));
        }
    }

    private void writes() {
        SortedMap<Long, Call> writeAt = new TreeMap<>();
        Set<String> asked = new LinkedHashSet<>();
        boolean lostDeletes = false;
        for (Call call : history.calls()) {
            if (!(call.op() instanceof Op.Write write)) continue;
            boolean refused = call.reply() instanceof Reply.Refused;
            for (Op.Change change : write.changes()) {
                @Nullable String value = change.value();
                if (value != null && !refused) asked.add(value);
                if (value != null && refused && timeline.revisionOf(value) != null) {
                    violations.add(Violation.of("refused-write", "A write that the store refused happened.", call));
                }
                lostDeletes |= value == null && call.reply() instanceof Reply.Lost;
            }
            if (!call.wrote()) continue;
            @Nullable Call other = writeAt.put(revision(call), call);
            if (other != null) {
                violations.add(Violation.of("revision-twice", "Two writes have one revision.", other, call));
            }
            written(call, write);
        }
        nothingElse(writeAt, asked, lostDeletes);
    }

    private void written(Call call, Op.Write write) {
        SortedMap<String, Event> events = timeline.at(revision(call));
        for (Op.Change change : write.changes()) {
            @Nullable Event event = events.get(change.key());
            if (event != null && java.util.Objects.equals(event.value(), change.value())) continue;
            if (change.value() == null && event == null && write.changes().size() > 1) continue; // deleted nothing
            violations.add(Violation.of(
                    "lost-write",
                    "An acknowledged write is not at its revision "
                            + (event == null
                                    ? ", where " + change.key() + " did not change."
                                    : ": " + event.say() + "."),
                    call));
        }
    }

    private void nothingElse(SortedMap<Long, Call> writeAt, Set<String> asked, boolean lostDeletes) {
        timeline.all().forEach((revision, events) -> {
            if (writeAt.containsKey(revision)) return;
            for (Event event : events.values()) {
                @Nullable String value = event.value();
                boolean leased =
                        history.leases().stream().anyMatch(lease -> lease.key().equals(event.key()));
                if (value == null ? leased || lostDeletes : asked.contains(value)) continue;
                violations.add(Violation.of("phantom", "Nobody asked for " + event.say() + "."));
            }
        });
    }

    private void reads() {
        List<Call> reads = history.calls().stream()
                .filter(call -> call.op() instanceof Op.Read && call.reply() instanceof Reply.Done)
                .sorted(Comparator.comparingLong(OrderJudge::revision))
                .toList();
        Timeline.Replay replay = new Timeline.Replay();
        var left = new java.util.ArrayDeque<>(timeline.all().entrySet());
        for (Call call : reads) {
            while (!left.isEmpty() && left.getFirst().getKey() <= revision(call)) {
                replay.apply(left.removeFirst().getValue());
            }
            if (!(call.op() instanceof Op.Read read) || !(call.reply() instanceof Reply.Done done)) continue;
            List<Found> right = replay.pairs().values().stream()
                    .filter(pair -> read.covers(pair.key()))
                    .toList();
            if (right.equals(done.found())) continue;
            violations.add(Violation.of(
                    "wrong-read", "At revision " + done.revision() + " there was " + right + " to read.", call));
        }
    }
}

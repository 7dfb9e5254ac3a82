package holdfast.core.proof;

import holdfast.core.proof.Reply.Found;
import holdfast.core.proof.Watched.Event;
import holdfast.core.proof.Watched.Heard;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Whether watchers heard everything, once, in order, whole revisions at a time, with the right pair before, and
/// nothing at or below a revision that they had been promised.
final class WatchJudge {
    private static final int VIOLATIONS_MAX = 20;

    private final Timeline timeline;
    private final long endRevision;
    private final SortedMap<Long, SortedMap<String, Found>> befores = new TreeMap<>();
    private final List<Violation> violations = new ArrayList<>();

    WatchJudge(Timeline timeline, long endRevision) {
        this.timeline = timeline;
        this.endRevision = endRevision;
        Timeline.Replay replay = new Timeline.Replay();
        timeline.all().forEach((revision, events) -> {
            SortedMap<String, Found> before = new TreeMap<>();
            for (String key : events.keySet()) {
                @Nullable Found pair = replay.pairs().get(key);
                if (pair != null) before.put(key, pair);
            }
            befores.put(revision, before);
            replay.apply(events);
        });
    }

    List<Violation> judge(List<Watched> watches) {
        for (Watched watched : watches) new Follow(watched).run();
        return violations;
    }

    /// One watcher, response by response.
    private final class Follow {
        private final Watched watched;
        private String member = "nobody";
        private long next; // everything below was delivered, or not wanted
        private long promised;

        Follow(Watched watched) {
            this.watched = watched;
        }

        void run() {
            for (Heard heard : watched.heard()) {
                if (violations.size() >= VIOLATIONS_MAX) return;
                switch (heard) {
                    case Heard.Opened(String at, long fromRevision) -> {
                        if (next > 0) missing(fromRevision - 1, "it went on behind that at " + at);
                        member = at;
                        next = fromRevision;
                        promised = 0;
                    }
                    case Heard.Told(long _, long revision, List<Event> events) -> told(revision, events);
                    case Heard.Promised(long revision) -> {
                        missing(revision, "it was promised that everything up to " + revision + " had been told");
                        promised = Math.max(promised, revision);
                    }
                }
            }
            if (next <= endRevision) {
                missing(endRevision, "it had until the end of the round, which is at " + endRevision);
                if (next <= endRevision
                        && timeline.revisions(watched.prefix(), next, endRevision)
                                .isEmpty()) {
                    bad("watch-stuck", "did not hear of the end of the round at " + endRevision + ".", "");
                }
            }
        }

        private void told(long headerRevision, List<Event> events) {
            long last = next - 1;
            for (Event event : events) {
                long revision = event.modRevision();
                if (revision <= promised) {
                    bad(
                            "watch-promise",
                            "had been promised that nothing at " + promised + " or below would come.",
                            event.say());
                } else if (revision < next) {
                    bad(
                            "watch-order",
                            "had heard everything below " + next + " already, or did not ask for it.",
                            event.say());
                } else if (revision < last) {
                    bad("watch-order", "heard " + last + " before in the same response.", event.say());
                }
                last = Math.max(last, revision);
                if (!event.key().startsWith(watched.prefix())) {
                    bad("watch-foreign", "watches " + watched.prefix() + "* only.", event.say());
                }
                if (watched.wantsBefore()) before(event);
            }
            if (events.isEmpty()) return;
            if (headerRevision < last) {
                bad(
                        "watch-header",
                        "got a header of revision " + headerRevision + " with it.",
                        events.getLast().say());
            }
            complete(events, last);
            next = Math.max(next, last + 1);
        }

        /// Everything from `next` to `last` must be in these events, each revision whole, each change once.
        private void complete(List<Event> events, long last) {
            for (long revision : timeline.revisions(watched.prefix(), next, last)) {
                List<String> wanted = timeline.at(revision).keySet().stream()
                        .filter(key -> key.startsWith(watched.prefix()))
                        .toList();
                List<String> got = events.stream()
                        .filter(event -> event.modRevision() == revision)
                        .map(Event::key)
                        .sorted()
                        .toList();
                if (got.equals(wanted)) continue;
                if (got.isEmpty()) {
                    bad(
                            "watch-gap",
                            "was told of " + last + ", but never of revision " + revision + ".",
                            say(revision));
                } else {
                    bad(
                            "watch-split",
                            "got " + got + " of revision " + revision + ", which changed " + wanted + ".",
                            say(revision));
                }
            }
        }

        private void missing(long upTo, String why) {
            for (long revision : timeline.revisions(watched.prefix(), next, upTo)) {
                bad("watch-gap", "was never told of revision " + revision + ", though " + why + ".", say(revision));
                if (violations.size() >= VIOLATIONS_MAX) return;
            }
            next = Math.max(next, upTo + 1);
        }

        private void before(Event event) {
            @Nullable SortedMap<String, Found> before = befores.get(event.modRevision());
            @Nullable Found right = before == null ? null : before.get(event.key());
            if (Objects.equals(right, event.before())) return;
            bad("watch-before", "got " + event.before() + " as the pair before, which was " + right + ".", event.say());
        }

        private String say(long revision) {
            return String.join(
                    ", ",
                    timeline.at(revision).values().stream().map(Event::say).toList());
        }

        private void bad(String code, String sentence, String proof) {
            if (violations.size() >= VIOLATIONS_MAX) return;
            violations.add(new Violation(
                    code,
                    "Watcher " + watched.name() + " at " + member + " " + sentence,
                    proof.isEmpty() ? List.of() : List.of(proof)));
        }
    }
}

package holdfast.core.truth;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One watcher under trial: what it got so far must be what happened, in order, whole revisions, each once.
final class WatchTrial {
    final long id;
    private final Subject subject;
    private final Model model;
    private final WatchBoard.Watcher watcher;
    private final long fromRevision;
    private final boolean tooOld;
    private final List<Received> underWay = new ArrayList<>();
    private int receivedCount;
    private int takenCount;
    private long lastEventRevision;
    private long throughRevision;
    private boolean over;

    /// With what was known before it came.
    private record Received(
            WatchBoard.Delivery.Events delivery, int countBefore, long lastEventBefore, long throughBefore) {}

    WatchTrial(Subject subject, Model model, WatchBoard.Watcher watcher) {
        this.subject = subject;
        this.model = model;
        this.watcher = watcher;
        this.fromRevision = watcher.fromRevision() <= 0 ? model.revision + 1 : watcher.fromRevision();
        this.tooOld = fromRevision < model.compactRevision;
        this.throughRevision = fromRevision - 1;
        this.id = subject.board.add(watcher);
    }

    void receive(WatchBoard.@Nullable Delivery delivery) {
        if (delivery == null) return;
        assertThat(over).as("delivery after the end").isFalse();
        switch (delivery) {
            case WatchBoard.Delivery.Compacted compacted -> {
                long compactRevision = compacted.compactRevision();
                assertThat(compactRevision).isEqualTo(model.compactRevision);
                assertThat(throughRevision + 1).as("next revision").isLessThan(compactRevision);
                assertThat(underWay).isEmpty();
                over = true;
            }
            case WatchBoard.Delivery.Events events -> receive(events);
        }
    }

    private void receive(WatchBoard.Delivery.Events delivery) {
        assertThat(tooOld).as("watched from below the compact revision").isFalse();
        assertThat(delivery.events()).isNotEmpty();
        assertThat(delivery.events().getFirst().now().modRevision())
                .as("revisions stay whole")
                .isGreaterThan(lastEventRevision);
        underWay.add(new Received(delivery, receivedCount, lastEventRevision, throughRevision));
        lastEventRevision = delivery.events().getLast().now().modRevision();
        assertThat(delivery.revision()).isBetween(lastEventRevision, model.revision);
        List<Event> expected = expectedThrough(delivery.revision());
        List<Event> fresh = expected.subList(Math.min(receivedCount, expected.size()), expected.size());
        Trial.sameEvents(delivery.events(), fresh, watcher.wantsBefore(), model.compactRevision);
        receivedCount = expected.size();
        throughRevision = delivery.revision();
    }

    void take() {
        if (over || underWay.isEmpty()) return;
        takenCount += underWay.removeFirst().delivery.events().size();
        receive(subject.board.taken(id));
    }

    /// Throws away what is under way: it comes again.
    void drop() {
        if (over || underWay.isEmpty()) return;
        Received first = underWay.getFirst();
        underWay.clear();
        receivedCount = first.countBefore;
        lastEventRevision = first.lastEventBefore;
        throughRevision = first.throughBefore;
        subject.board.dropped(id);
        receive(subject.board.taken(id));
    }

    void takeAll() {
        while (!over && !underWay.isEmpty()) take();
    }

    void cancel() {
        subject.board.cancel(id);
        over = true;
    }

    /// Progress never runs ahead of what was taken, and does not lag when nothing is under way.
    void checkProgress() {
        long synced = subject.syncedRevision(id);
        if (over) {
            if (synced != -1) throw new AssertionError("progress " + synced + " of a watcher that is gone");
            return;
        }
        if (synced == -1) return;
        int promised = expectedThrough(synced).size();
        if (promised > takenCount)
            throw new AssertionError(
                    "progress " + synced + " promises " + promised + " events, taken were " + takenCount);
        if (synced < fromRevision - 1)
            throw new AssertionError("progress " + synced + " of a watcher from " + fromRevision);
    }

    void checkComplete() {
        if (over) return;
        assertThat(tooOld)
                .as("watched from below the compact revision, and not told")
                .isFalse();
        assertThat(receivedCount).isEqualTo(expectedThrough(model.revision).size());
        if (fromRevision <= model.revision + 1)
            assertThat(subject.syncedRevision(id)).isEqualTo(model.revision);
    }

    private List<Event> expectedThrough(long revision) {
        List<Event> expected = new ArrayList<>();
        for (Event event : model.events) {
            long at = event.now().modRevision();
            boolean wanted = event.kind() == Event.Kind.PUT ? watcher.puts() : watcher.deletes();
            if (wanted
                    && at >= fromRevision
                    && at <= revision
                    && watcher.range().contains(event.now().key())) expected.add(event);
        }
        return expected;
    }
}

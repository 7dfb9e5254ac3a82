package holdfast.core.truth;

import holdfast.core.base.KeyRange;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Who watches what, and how far each has come. Pure, one thread (the one that applies). A watcher is *live* (fed by
/// [#offer]), *parked* (its outbox was full: it takes what it has first) or *catching up* (fed from history by
/// [#catchUp]). An apply never waits for a watcher.
///
/// A watcher has at most one [Delivery] under way; [#taken] says that it was handed on and returns the next one.
/// Deliveries hold whole revisions and come in revision order, each event once.
public final class WatchBoard {

    /// @param range what to watch; an empty one matches nothing
    /// @param fromRevision first revision wanted; 0 means the next one; may lie in the future
    /// @param wantsBefore whether replayed events must carry the pair before them (live ones always do)
    public record Watcher(KeyRange range, long fromRevision, boolean wantsBefore, boolean puts, boolean deletes) {}

    public sealed interface Delivery {
        long watchId();

        /// @param revision at least that of every event, and every matching event up to it was delivered
        record Events(long watchId, long revision, List<Event> events) implements Delivery {}

        /// The next revision that the watcher needs is gone. The watcher is, too.
        record Compacted(long watchId, long compactRevision) implements Delivery {}
    }

    /// @param revision the store's revision now
    /// @param outboxMax most events that wait for one watcher, from 1
    public WatchBoard(long revision, int outboxMax) {
        throw new UnsupportedOperationException();
    }

    /// @return the watcher's id on this board, from 1, never used twice
    public long add(Watcher watcher) {
        throw new UnsupportedOperationException();
    }

    /// Forgets a watcher; nothing of it is delivered after this. Unknown ids are ignored.
    public void cancel(long watchId) {
        throw new UnsupportedOperationException();
    }

    /// Hands the events of one applied batch to the watchers that match.
    ///
    /// @return deliveries that can start now
    public List<Delivery> offer(Applied applied) {
        throw new UnsupportedOperationException();
    }

    /// The delivery under way was handed on.
    ///
    /// @return the next one, null when there is none yet (or no such watcher)
    public @Nullable Delivery taken(long watchId) {
        throw new UnsupportedOperationException();
    }

    /// Whether [#catchUp] has something to do now.
    public boolean hasBehind() {
        throw new UnsupportedOperationException();
    }

    /// One bounded step for watchers that are catching up and have nothing under way, the longest waiting first.
    ///
    /// @param maxEvents about how many events to read in this step
    /// @return deliveries that can start now
    public List<Delivery> catchUp(Keyspace keyspace, ShelfView view, int maxEvents) {
        throw new UnsupportedOperationException();
    }

    /// The revision up to which everything that matches was taken: what progress may promise. -1 while the watcher is
    /// behind, waits for a future revision, or is unknown.
    public long syncedRevision(long watchId) {
        throw new UnsupportedOperationException();
    }

    /// The state was replaced by a snapshot at `revision`: everyone goes on from history.
    public void restored(long revision) {
        throw new UnsupportedOperationException();
    }

    public long revision() {
        throw new UnsupportedOperationException();
    }

    public int watcherCount() {
        throw new UnsupportedOperationException();
    }
}

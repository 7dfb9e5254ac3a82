package holdfast.core.truth;

import holdfast.core.base.Bytes;
import java.util.ArrayList;
import java.util.List;

/// The keyspace and the watch board as the trial sees them, with at most one planted bug.
final class Subject {
    final Keyspace keyspace = new Keyspace();
    final WatchBoard board = new WatchBoard(1, WatchBoard.Room.ofEvents(5));
    final Shelf shelf;
    private final Flaw flaw;

    Subject(Shelf shelf, Flaw flaw) {
        this.shelf = shelf;
        this.flaw = flaw;
    }

    Applied apply(long index, long term, Batch batch) {
        Tip before = Tip.of(shelf);
        if (flaw == Flaw.ENTRY_APPLIED_TWICE) tip(withIndex(before, Math.min(before.appliedIndex(), index - 1)));
        if (flaw == Flaw.OLD_LEADER_EXPIRES) batch = new Batch(batch.leaderMillis(), forged(batch.commands(), term));
        Applied applied = keyspace.apply(index, term, batch, shelf);
        Tip after = Tip.of(shelf);
        if (flaw == Flaw.REVISION_NOT_BUMPED && after.revision() > before.revision() + 2)
            tip(new Tip(index, term, after.logMillis(), after.revision() - 1, after.compactRevision()));
        if (flaw == Flaw.TORN_WRITE_SET && index == before.appliedIndex() + 1 && index % 5 == 0) tip(before);
        if (flaw == Flaw.DETACH_FORGOTTEN) applied.events().forEach(this::attachAgain);
        if (flaw != Flaw.STALE_BEFORE) return applied;
        List<Event> stale = applied.events().stream().map(Subject::stale).toList();
        return new Applied(applied.index(), applied.revision(), applied.replies(), stale);
    }

    Reply range(Command.Range query, ShelfView view) {
        Reply reply = keyspace.range(query, view);
        if (!(reply instanceof Reply.Page page)) return reply;
        if (flaw == Flaw.COUNT_STOPS_AT_LIMIT && page.more())
            return new Reply.Page(page.pairs(), page.pairs().size() + 1, true);
        if (flaw != Flaw.LIMIT_BEFORE_FILTER || query.limitKeys() == 0) return reply;
        Reply all = keyspace.range(
                new Command.Range(
                        query.range(), query.atRevision(), query.limitKeys(), query.sort(), false, false, 0, 0, 0, 0),
                view);
        return new Reply.Page(
                page.pairs().stream()
                        .filter(pair -> ((Reply.Page) all)
                                .pairs().stream().anyMatch(kept -> kept.key().equals(pair.key())))
                        .toList(),
                page.count(),
                page.more());
    }

    boolean scrub(int maxRows) {
        boolean more = keyspace.scrub(shelf, maxRows);
        if (flaw != Flaw.COMPACTION_TOO_DEEP || more) return more;
        long compactRevision = Tip.of(shelf).compactRevision();
        Shelf.WriteSet set = shelf.newWriteSet();
        shelf.scan(Tables.ALL_VERSIONS, (row, _) -> {
            long revision = Tables.revisionOfVersion(row);
            if (revision >= compactRevision) return true;
            set.delete(row);
            set.delete(Tables.history(revision, Tables.subOfVersion(row)));
            return true;
        });
        shelf.write(set);
        return more;
    }

    List<WatchBoard.Delivery> offer(Applied applied) {
        if (flaw == Flaw.EVENT_LOST && applied.events().size() > 3)
            applied = new Applied(
                    applied.index(),
                    applied.revision(),
                    applied.replies(),
                    applied.events().subList(1, applied.events().size()));
        return split(board.offer(applied));
    }

    List<WatchBoard.Delivery> catchUp(ShelfView view, int maxEvents) {
        if (flaw != Flaw.COMPACTION_UNNOTICED) return split(board.catchUp(keyspace, view, maxEvents));
        return board.catchUp(keyspace, new Uncompacted(view), maxEvents);
    }

    long syncedRevision(long id) {
        return flaw == Flaw.PROGRESS_TOO_EARLY ? board.revision() : board.syncedRevision(id);
    }

    /// Cuts the first event off each delivery, as a board that counts events and not revisions would.
    private List<WatchBoard.Delivery> split(List<WatchBoard.Delivery> deliveries) {
        if (flaw != Flaw.REVISION_SPLIT) return deliveries;
        List<WatchBoard.Delivery> parts = new ArrayList<>();
        for (WatchBoard.Delivery delivery : deliveries) {
            if (delivery instanceof WatchBoard.Delivery.Events events
                    && events.events().size() > 1) {
                List<Event> all = events.events();
                long id = events.watchId();
                parts.add(part(id, events.revision(), all.subList(0, 1)));
                parts.add(part(id, events.revision(), all.subList(1, all.size())));
            } else parts.add(delivery);
        }
        return parts;
    }

    private static WatchBoard.Delivery part(long id, long revision, List<Event> events) {
        return new WatchBoard.Delivery.Events(id, revision, List.of(EventBatch.of(events)));
    }

    private void attachAgain(Event event) {
        if (event.before() == null || event.before().lease() == 0) return;
        Shelf.WriteSet set = shelf.newWriteSet();
        set.put(Tables.attached(event.before().lease(), event.now().key()), Bytes.EMPTY);
        shelf.write(set);
    }

    private void tip(Tip tip) {
        Shelf.WriteSet set = shelf.newWriteSet();
        set.put(Tables.TIP, tip.encode());
        shelf.write(set);
    }

    private static Tip withIndex(Tip tip, long index) {
        return new Tip(index, tip.appliedTerm(), tip.logMillis(), tip.revision(), tip.compactRevision());
    }

    private static List<Command> forged(List<Command> commands, long term) {
        return commands.stream()
                .map(command -> command instanceof Command.LeaseExpire expire
                        ? new Command.LeaseExpire(expire.id(), term)
                        : command)
                .toList();
    }

    private static Event stale(Event event) {
        KeyValue pair = event.before();
        if (pair == null || pair.version() < 3) return event;
        return new Event(
                event.kind(),
                event.now(),
                new KeyValue(
                        pair.key(),
                        pair.value(),
                        pair.createRevision(),
                        pair.modRevision() - 1,
                        pair.version() - 1,
                        pair.lease()));
    }

    /// A view whose tip has forgotten the compaction.
    private record Uncompacted(ShelfView view) implements ShelfView {
        @Override
        public Bytes get(Bytes key) {
            if (!key.equals(Tables.TIP)) return view.get(key);
            Tip tip = Tip.of(view);
            return new Tip(tip.appliedIndex(), tip.appliedTerm(), tip.logMillis(), tip.revision(), -1).encode();
        }

        @Override
        public void scan(holdfast.core.base.KeyRange range, java.util.function.BiPredicate<Bytes, Bytes> visit) {
            view.scan(range, visit);
        }

        @Override
        public void scanBackwards(
                holdfast.core.base.KeyRange range, java.util.function.BiPredicate<Bytes, Bytes> visit) {
            view.scanBackwards(range, visit);
        }

        @Override
        public void close() {}
    }
}

package holdfast.core.truth;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Runs a program on the keyspace and on the [Model] side by side. Whatever differs, fails.
///
/// A second shelf is never scrubbed: at the end both must have the same digest.
public final class Trial {
    private static final int QUIET_STEPS_MAX = 2_000;

    private final Subject subject;
    private final MemoryShelf unscrubbed = new MemoryShelf();
    private final Model model = new Model();
    private final List<WatchTrial> watches = new ArrayList<>();
    private final List<Held> held = new ArrayList<>();
    private @Nullable Batch lastBatch;

    private record Held(ShelfView view, Model then) {}

    private Trial(Shelf shelf, Flaw flaw) {
        this.subject = new Subject(shelf, flaw);
    }

    /// @return how many programs were run
    public static int check(long firstSeed, int count, Supplier<Shelf> shelves) {
        for (long seed = firstSeed; seed < firstSeed + count; seed++) {
            Program program = Program.of(seed);
            String failure = run(program, shelves.get(), Flaw.NONE);
            if (failure != null) throw new AssertionError(smallest(program, shelves, failure));
        }
        return count;
    }

    /// @return the seed that found the flaw, -1 when none did
    public static long hunt(Flaw flaw, int count, Supplier<Shelf> shelves) {
        for (long seed = 1; seed <= count; seed++) if (run(Program.of(seed), shelves.get(), flaw) != null) return seed;
        return -1;
    }

    /// Takes steps away as long as it still fails.
    private static String smallest(Program failing, Supplier<Shelf> shelves, String failure) {
        Program program = failing;
        String why = failure;
        for (int size = program.steps().size() / 2; size > 0; size /= 2) {
            for (int from = 0; from < program.steps().size(); ) {
                Program fewer = program.without(from, size);
                String still = run(fewer, shelves.get(), Flaw.NONE);
                if (still == null) from += size;
                else {
                    program = fewer;
                    why = still;
                }
            }
        }
        return program + why;
    }

    /// @return what differed, null when nothing did
    static @Nullable String run(Program program, Shelf shelf, Flaw flaw) {
        Trial trial = new Trial(shelf, flaw);
        Object at = "the end";
        try {
            for (Program.Step step : program.steps()) {
                at = step;
                trial.step(step);
                for (WatchTrial watch : trial.watches) watch.checkProgress();
            }
            at = "the end";
            trial.finish();
            return null;
        } catch (RuntimeException | AssertionError failure) {
            StackTraceElement where = failure.getStackTrace().length == 0 ? null : failure.getStackTrace()[0];
            return "at " + at + ": " + failure + " (" + where + ")";
        } finally {
            trial.held.forEach(view -> view.view.close());
        }
    }

    private void step(Program.Step step) {
        switch (step) {
            case Program.Step.Apply apply -> apply(apply);
            case Program.Step.Look(Command.Range query) ->
                same(subject.range(query, subject.shelf), model.range(query));
            case Program.Step.LookTxn(Command.Txn txn) -> {
                assertThat(Keyspace.isReadOnly(txn)).isTrue();
                same(subject.keyspace.read(txn, subject.shelf), model.read(txn));
            }
            case Program.Step.Replay replay -> replay(replay);
            case Program.Step.Watch(WatchBoard.Watcher watcher) -> watches.add(new WatchTrial(subject, model, watcher));
            case Program.Step.Take(int which) -> {
                if (!watches.isEmpty()) watches.get(which % watches.size()).take();
            }
            case Program.Step.Drop(int which) -> {
                if (!watches.isEmpty()) watches.get(which % watches.size()).drop();
            }
            case Program.Step.Cancel(int which) -> {
                if (!watches.isEmpty()) watches.get(which % watches.size()).cancel();
            }
            case Program.Step.CatchUp(int maxEvents) -> catchUp(maxEvents);
            case Program.Step.Scrub(int maxRows) -> subject.scrub(maxRows);
            case Program.Step.Hold _ -> held.add(new Held(subject.shelf.view(), model.copy()));
            case Program.Step.LookHeld(int which, Command.Range query) -> {
                if (held.isEmpty()) return;
                Held one = held.get(which % held.size());
                same(subject.range(query, one.view), one.then.range(query));
            }
        }
    }

    private void apply(Program.Step.Apply apply) {
        if (apply.again() && lastBatch != null) {
            same(subject.apply(model.index, model.term, lastBatch), model.apply(model.index, model.term, lastBatch));
            return;
        }
        long term = Math.max(1, model.term + (apply.newTerm() ? 1 : 0));
        long index = model.index + 1 + apply.batch().leaderMillis() % 2; // the engine has entries of its own
        lastBatch = apply.batch();
        Applied applied = subject.apply(index, term, apply.batch());
        same(applied, model.apply(index, term, apply.batch()));
        new Keyspace().apply(index, term, apply.batch(), unscrubbed);
        Tip tip = subject.keyspace.tip(subject.shelf);
        same(tip, new Tip(index, term, model.millis, model.revision, model.compactRevision));
        if (apply.unseen()) subject.board.restored(applied.revision());
        else receive(subject.offer(applied));
    }

    private void receive(List<WatchBoard.Delivery> deliveries) {
        for (WatchBoard.Delivery delivery : deliveries) {
            WatchTrial watch = watches.stream()
                    .filter(one -> one.id == delivery.watchId())
                    .findFirst()
                    .orElseThrow();
            watch.receive(delivery);
        }
    }

    private void catchUp(int maxEvents) {
        try (ShelfView view = subject.shelf.view()) {
            receive(subject.catchUp(view, maxEvents));
        }
    }

    private void replay(Program.Step.Replay replay) {
        long from = Math.max(1, replay.span().fromRevision());
        History history = subject.keyspace.history(
                replay.span(), replay.range(), replay.maxEvents(), replay.wantsBefore(), subject.shelf);
        switch (history) {
            case History.Compacted(long compactRevision) -> {
                assertThat(compactRevision).isEqualTo(model.compactRevision);
                assertThat(from).isLessThan(compactRevision);
            }
            case History.Events(List<Event> events, long throughRevision, int readRows) -> {
                assertThat(readRows).isGreaterThanOrEqualTo(events.size());
                assertThat(from).isGreaterThanOrEqualTo(model.compactRevision);
                long to = Math.min(replay.span().toRevision(), model.revision);
                assertThat(throughRevision).isLessThanOrEqualTo(Math.max(to, from - 1));
                if (events.size() < replay.maxEvents())
                    assertThat(throughRevision).isEqualTo(Math.max(to, from - 1));
                List<Event> expected = expected(replay.range(), from, throughRevision);
                sameEvents(events, expected, replay.wantsBefore(), model.compactRevision);
            }
        }
    }

    private List<Event> expected(KeyRange range, long from, long to) {
        return model.events.stream()
                .filter(event -> range.contains(event.now().key())
                        && event.now().modRevision() >= from
                        && event.now().modRevision() <= to)
                .toList();
    }

    /// @param compactRevision before-pairs of events above it must be there
    static void sameEvents(List<Event> events, List<Event> expected, boolean wantsBefore, long compactRevision) {
        assertThat(events).hasSameSizeAs(expected);
        for (int index = 0; index < events.size(); index++) {
            Event is = events.get(index);
            Event should = expected.get(index);
            same(is.kind(), should.kind());
            same(is.now(), should.now());
            if (is.before() != null) same(is.before(), should.before());
            else if (wantsBefore && is.now().modRevision() > compactRevision)
                assertThat(should.before()).isNull();
        }
    }

    private void finish() {
        for (WatchTrial watch : watches) watch.takeAll();
        for (int steps = 0; subject.board.hasBehind(); steps++) {
            assertThat(steps).as("catch-up steps").isLessThan(QUIET_STEPS_MAX);
            catchUp(3);
            for (WatchTrial watch : watches) watch.takeAll();
        }
        for (WatchTrial watch : watches) watch.checkComplete();
        for (long lease = 1; lease <= 3; lease++)
            same(subject.keyspace.attached(lease, subject.shelf), model.attached(lease));
        same(
                subject.keyspace.leases(subject.shelf),
                model.leases.entrySet().stream()
                        .map(entry -> new Lease(entry.getKey(), entry.getValue()))
                        .toList());
        same(subject.keyspace.system(KeyRange.ALL, subject.shelf), model.system);
        readEverything();
        while (subject.scrub(4)) {}
        readEverything();
        checkNothingLeft();
        same(subject.keyspace.stock(subject.shelf), model.stock());
        for (long revision = Math.max(1, model.compactRevision); revision <= model.revision; revision++)
            same(subject.keyspace.digest(subject.shelf, revision), subject.keyspace.digest(unscrubbed, revision));
    }

    private void readEverything() {
        for (long revision = 1; revision <= model.revision + 1; revision++) {
            Command.Range query =
                    new Command.Range(KeyRange.ALL, revision, 0, Command.Sort.BY_KEY, false, false, 0, 0, 0, 0);
            same(subject.range(query, subject.shelf), model.range(query));
        }
    }

    /// After the last scrub, history holds what can be read and nothing else.
    private void checkNothingLeft() {
        List<Long> rows = new ArrayList<>();
        KeyRange history = Tables.history(0, 0, model.revision);
        subject.shelf.scan(history, (row, _) -> rows.add(Tables.revisionOfHistory(row)));
        long living = model.compactRevision < 1
                ? 0
                : model.states.get(model.compactRevision).values().stream()
                        .filter(pair -> pair.modRevision() < model.compactRevision)
                        .count();
        long events = model.events.stream()
                .filter(event -> event.now().modRevision() >= model.compactRevision)
                .count();
        assertThat((long) rows.size()).as("rows of history").isEqualTo(living + events);
        assertThat(subject.shelf.count(Tables.ALL_VERSIONS)).isEqualTo(rows.size());
    }

    static void same(@Nullable Object is, @Nullable Object should) {
        if (!java.util.Objects.equals(is, should)) throw new AssertionError("got " + is + "\n  not " + should);
    }

    /// Bytes of a small number, for shelves that give each program a place of its own.
    public static Bytes prefix(long number) {
        return new Pen(8).fixed(number).done();
    }
}

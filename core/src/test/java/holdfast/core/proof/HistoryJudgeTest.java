package holdfast.core.proof;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.core.base.Dice;
import holdfast.core.proof.Reply.Found;
import holdfast.core.proof.Watched.Event;
import holdfast.core.proof.Watched.Heard;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Thousands of right histories pass, and each kind of wrong one made from them is refused.
final class HistoryJudgeTest {
    private static final int LEGAL = 2_000;
    private static final int WRONG_EACH = 150;

    @Test
    void rightHistory_ofAnySeed_isAccepted() {
        for (long seed = 0; seed < LEGAL; seed++) {
            History history = Generated.legal(seed, 2 + (int) (seed % 6), 12);
            HistoryJudge.Judgement judgement = HistoryJudge.judge(history, HistoryJudge.BUDGET_STEPS);
            assertThat(judgement.violations()).as("seed %d", seed).isEmpty();
            assertThat(judgement.decided()).isTrue();
        }
    }

    @Test
    void rightHistory_writtenAndReadBack_isTheSame() {
        for (long seed = 0; seed < 20; seed++) {
            History history = Generated.legal(seed, 4, 12);
            List<String> lines = HistoryText.write(history);
            assertThat(HistoryText.read(lines)).isEqualTo(history);
        }
    }

    @Test
    void longHistory_ofThousandsOfCalls_isJudgedWithinTheBudget() {
        History history = Generated.legal(7, 12, 500);
        assertThat(history.calls()).hasSizeGreaterThan(6_000);
        assertThat(HistoryJudge.judge(history, HistoryJudge.BUDGET_STEPS).isGood())
                .isTrue();
    }

    /// What a wrong store would have done.
    enum Wrong {
        STALE_READ("not-linearizable"),
        READ_OF_ANOTHER_VALUE("not-linearizable"),
        READ_MISSING_A_KEY("not-linearizable"),
        ANSWER_OF_A_FAILED_GUARD("lost-write"),
        WRITE_AT_ANOTHER_REVISION("lost-write"),
        LOST_WRITE("lost-write"),
        REFUSED_WRITE("refused-write"),
        GAP("watch-gap"),
        GAP_AT_THE_END("watch-gap"),
        DUPLICATE("watch-order"),
        OUT_OF_ORDER("watch-order"),
        SPLIT("watch-split"),
        PROMISE("watch-gap"),
        BEFORE("watch-before"),
        HEADER("watch-header"),
        DISAGREEING("watch-disagree"),
        PHANTOM("phantom");

        private final String code;

        Wrong(String code) {
            this.code = code;
        }
    }

    @ParameterizedTest
    @EnumSource
    void wrongHistory_ofEachKind_isRefused(Wrong wrong) {
        int made = 0;
        for (long seed = 0; made < WRONG_EACH && seed < 20L * WRONG_EACH; seed++) {
            History history = Generated.legal(seed, 4, 15);
            Optional<History> broken = breakIt(wrong, history, new Dice(seed));
            if (broken.isEmpty()) continue;
            made++;
            assertThat(HistoryJudge.judge(broken.get(), HistoryJudge.BUDGET_STEPS)
                            .violations())
                    .as("seed %d", seed)
                    .extracting(Violation::code)
                    .contains(wrong.code);
        }
        assertThat(made).isEqualTo(WRONG_EACH);
    }

    @Test
    void counterexample_ofOneStaleRead_isAFewLinesThatNameIt() {
        int shown = 0;
        int lines = 0;
        for (long seed = 0; shown < 30; seed++) {
            History history = Generated.legal(seed, 6, 40);
            Optional<History> broken = breakIt(Wrong.STALE_READ, history, new Dice(seed));
            if (broken.isEmpty()) continue;
            shown++;
            List<Violation> found = HistoryJudge.judge(broken.get(), HistoryJudge.BUDGET_STEPS).violations().stream()
                    .filter(violation -> violation.code().equals("not-linearizable"))
                    .toList();
            assertThat(found).hasSize(1);
            assertThat(found.getFirst().proof()).hasSizeBetween(1, 30); // of 240
            lines += found.getFirst().proof().size();
            assertThat(String.join("\n", found.getFirst().proof())).contains("read r/");
        }
        assertThat(lines / shown).isLessThanOrEqualTo(6);
    }

    private static Optional<History> breakIt(Wrong wrong, History history, Dice dice) {
        return switch (wrong) {
            case STALE_READ -> staleRead(history, dice);
            case READ_OF_ANOTHER_VALUE ->
                changeRead(history, dice, found -> {
                    Found pair = found.getFirst();
                    return replaced(found, new Found(pair.key(), "x", pair.modRevision(), pair.createRevision()));
                });
            case READ_MISSING_A_KEY -> changeRead(history, dice, found -> found.subList(1, found.size()));
            case ANSWER_OF_A_FAILED_GUARD ->
                changeCall(history, dice, call -> {
                    if (!(call.op() instanceof Op.Write) || !(call.reply() instanceof Reply.Done done)) return call;
                    if (done.succeeded()) return call;
                    return with(call, new Reply.Done(true, done.revision(), List.of()));
                });
            case WRITE_AT_ANOTHER_REVISION ->
                changeCall(history, dice, call -> {
                    if (!call.wrote() || !(call.reply() instanceof Reply.Done done)) return call;
                    return with(call, new Reply.Done(true, done.revision() + 1, List.of()));
                });
            case LOST_WRITE -> lostWrite(history, dice);
            case REFUSED_WRITE ->
                changeCall(history, dice, call -> call.wrote() ? with(call, new Reply.Refused()) : call);
            case PHANTOM -> watch(history, dice, (heard, at) -> heard.add(told(heard.get(at), 0, "r/nobody", 1)), true);
            default -> breakWatch(wrong, history, dice);
        };
    }

    private static Optional<History> breakWatch(Wrong wrong, History history, Dice dice) {
        return switch (wrong) {
            case GAP -> watch(history, dice, List::remove, false);
            case GAP_AT_THE_END ->
                watch(
                        history,
                        dice,
                        (heard, at) -> heard.subList(at, heard.size()).clear(),
                        false);
            case DUPLICATE -> watch(history, dice, (heard, at) -> heard.add(at, heard.get(at)), false);
            case OUT_OF_ORDER -> watch(history, dice, HistoryJudgeTest::swapTwo, false);
            case SPLIT -> split(history, dice);
            case PROMISE ->
                watch(
                        history,
                        dice,
                        (heard, at) -> {
                            Heard.Told told = (Heard.Told) heard.get(at);
                            heard.add(
                                    at,
                                    new Heard.Promised(told.events().getFirst().modRevision()));
                        },
                        false);
            case BEFORE ->
                watch(history, dice, (heard, at) -> heard.set(at, wrongBefore((Heard.Told) heard.get(at))), false);
            case HEADER ->
                watch(
                        history,
                        dice,
                        (heard, at) -> {
                            Heard.Told told = (Heard.Told) heard.get(at);
                            long last = told.events().getLast().modRevision();
                            heard.set(at, new Heard.Told(told.atNanos(), last - 1, told.events()));
                        },
                        false);
            case DISAGREEING ->
                watch(history, dice, (heard, at) -> heard.set(at, told(heard.get(at), -1, "", 0)), false);
            default -> throw new AssertionError(wrong);
        };
    }

    /// The first two responses in a row from `at` on change places; without any, one comes twice.
    private static void swapTwo(List<Heard> heard, int at) {
        for (int index = at; index + 1 < heard.size(); index++) {
            if (!(heard.get(index) instanceof Heard.Told) || !(heard.get(index + 1) instanceof Heard.Told)) continue;
            Collections.swap(heard, index, index + 1);
            return;
        }
        heard.add(at, heard.get(at));
    }

    /// A read that shows, and says, the state before a write that had been acknowledged before it began.
    private static Optional<History> staleRead(History history, Dice dice) {
        return changeCall(history, dice, call -> {
            if (!(call.op() instanceof Op.Read read) || read.prefix()) return call;
            if (!(call.reply() instanceof Reply.Done)) return call;
            long acknowledged = history.calls().stream()
                    .filter(write -> write.wrote() && write.returnedNanos() < call.invokedNanos())
                    .filter(write -> ((Op.Write) write.op()).changes(read.key()))
                    .mapToLong(write -> ((Reply.Done) write.reply()).revision())
                    .max()
                    .orElse(0);
            if (acknowledged == 0) return call;
            Timeline.Replay replay = new Timeline.Replay();
            Timeline.of(history).all().headMap(acknowledged).values().forEach(replay::apply);
            Found before = replay.pairs().get(read.key());
            List<Found> found = before == null ? List.of() : List.of(before);
            return with(call, new Reply.Done(true, acknowledged - 1, found));
        });
    }

    private static Optional<History> lostWrite(History history, Dice dice) {
        List<Call> writes = history.calls().stream()
                .filter(Call::wrote)
                .filter(call -> !((Op.Write) call.op()).changes("r/end"))
                .toList();
        if (writes.isEmpty()) return Optional.empty();
        long revision = ((Reply.Done) dice.pick(writes).reply()).revision();
        List<Watched> watches = history.watches().stream()
                .map(watched -> without(watched, revision))
                .toList();
        return Optional.of(
                new History(history.baseRevision(), history.endRevision(), history.calls(), watches, history.leases()));
    }

    private static Watched without(Watched watched, long revision) {
        List<Heard> heard = new ArrayList<>();
        for (Heard one : watched.heard()) {
            if (!(one instanceof Heard.Told told)) {
                heard.add(one);
                continue;
            }
            List<Event> left = told.events().stream()
                    .filter(event -> event.modRevision() != revision)
                    .toList();
            if (!left.isEmpty()) heard.add(new Heard.Told(told.atNanos(), told.revision(), left));
        }
        return new Watched(watched.name(), watched.prefix(), watched.wantsBefore(), heard);
    }

    private static Optional<History> split(History history, Dice dice) {
        Watched watched = dice.pick(history.watches());
        List<Heard> heard = new ArrayList<>(watched.heard());
        for (int at = 0; at < heard.size(); at++) {
            if (!(heard.get(at) instanceof Heard.Told told) || told.events().size() < 2) continue;
            List<Event> events = told.events();
            int last = events.size() - 1;
            if (events.get(last).modRevision() != events.get(last - 1).modRevision()) continue;
            heard.set(at, new Heard.Told(told.atNanos(), told.revision(), events.subList(0, last)));
            heard.add(at + 1, new Heard.Told(told.atNanos(), told.revision(), events.subList(last, last + 1)));
            return Optional.of(withWatch(history, watched, heard));
        }
        return Optional.empty();
    }

    private static Heard.Told wrongBefore(Heard.Told told) {
        List<Event> events = new ArrayList<>(told.events());
        Event first = events.getFirst();
        Found before = first.before() == null ? new Found(first.key(), "x", 1, 1) : null;
        events.set(0, new Event(first.key(), first.value(), first.modRevision(), first.createRevision(), before));
        return new Heard.Told(told.atNanos(), told.revision(), events);
    }

    /// @param key of one more event, at a revision `behind` the last; or none
    private static Heard.Told told(Heard heard, int behind, String key, int more) {
        Heard.Told told = (Heard.Told) heard;
        List<Event> events = new ArrayList<>(told.events());
        Event first = events.getFirst();
        if (more > 0) {
            long at = told.events().getLast().modRevision() + 1_000 - behind;
            return new Heard.Told(told.atNanos(), at, List.of(new Event(key, "nobody's", at, at, null)));
        }
        events.set(0, new Event(first.key(), "other", first.modRevision(), first.createRevision(), first.before()));
        return new Heard.Told(told.atNanos(), told.revision(), events);
    }

    private interface Harm {
        void at(List<Heard> heard, int index);
    }

    private static Optional<History> watch(History history, Dice dice, Harm harm, boolean any) {
        Watched watched = dice.pick(history.watches());
        List<Heard> heard = new ArrayList<>(watched.heard());
        List<Integer> told = new ArrayList<>();
        for (int at = 0; at < heard.size(); at++) if (heard.get(at) instanceof Heard.Told) told.add(at);
        if (told.size() < 3) return Optional.empty();
        harm.at(heard, told.get(dice.nextInt(told.size() - (any ? 0 : 1))));
        return Optional.of(withWatch(history, watched, heard));
    }

    private static History withWatch(History history, Watched old, List<Heard> heard) {
        List<Watched> watches = new ArrayList<>(history.watches());
        watches.set(watches.indexOf(old), new Watched(old.name(), old.prefix(), old.wantsBefore(), List.copyOf(heard)));
        return new History(history.baseRevision(), history.endRevision(), history.calls(), watches, history.leases());
    }

    private static Optional<History> changeRead(History history, Dice dice, UnaryOperator<List<Found>> change) {
        return changeCall(history, dice, call -> {
            if (!(call.op() instanceof Op.Read) || !(call.reply() instanceof Reply.Done done)) return call;
            if (done.found().isEmpty()) return call;
            return with(call, new Reply.Done(true, done.revision(), change.apply(done.found())));
        });
    }

    /// Changes one call, one of those that `change` changes.
    private static Optional<History> changeCall(History history, Dice dice, UnaryOperator<Call> change) {
        List<Integer> places = new ArrayList<>();
        for (int at = 0; at < history.calls().size() - 1; at++) {
            Call call = history.calls().get(at);
            if (!change.apply(call).equals(call)) places.add(at);
        }
        if (places.isEmpty()) return Optional.empty();
        int at = dice.pick(places);
        List<Call> calls = new ArrayList<>(history.calls());
        calls.set(at, change.apply(calls.get(at)));
        return Optional.of(
                new History(history.baseRevision(), history.endRevision(), calls, history.watches(), history.leases()));
    }

    private static Call with(Call call, Reply reply) {
        return new Call(call.client(), call.member(), call.op(), call.invokedNanos(), call.returnedNanos(), reply);
    }

    private static List<Found> replaced(List<Found> found, Found first) {
        List<Found> all = new ArrayList<>(found);
        all.set(0, first);
        return all;
    }
}

package holdfast.server.proof;

import holdfast.core.base.Dice;
import holdfast.core.proof.FaultSchedule;
import holdfast.core.proof.FaultSchedule.Kind;
import holdfast.core.proof.History;
import holdfast.core.proof.HistoryJudge;
import holdfast.core.proof.HistoryText;
import holdfast.core.proof.Reply;
import holdfast.core.proof.Violation;
import holdfast.core.proof.Watched.Heard;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.client.Etcd;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Rounds of faults against three real members, each recorded and judged. See [Round] for what a round is.
public final class Prove {
    private static final long FAULT_MILLIS = 5_000;
    private static final int LINES_MAX = 40;

    /// @param kinds faults to choose from; those that this machine cannot do are left out, and named
    /// @param keep where the history of a failed round goes
    /// @param main what to run in place of the program; empty for the program
    public record Plan(int rounds, long seed, List<Kind> kinds, Path keep, String main) {}

    /// How one round went.
    ///
    /// @param file the history that was kept; empty for a good round
    public record RoundVerdict(
            int round,
            long seed,
            List<String> faults,
            int calls,
            int acknowledged,
            int unknown,
            int events,
            long judgeMillis,
            long roundMillis,
            List<Violation> violations,
            String problem,
            String file) {
        public boolean isGood() {
            return violations.isEmpty() && problem.isEmpty();
        }

        String line() {
            return ("round %-3d %s  %d calls, %d acknowledged, %d unknown, %d events; judged in %d ms, round took %.1f s;"
                            + " seed %d: %s")
                    .formatted(
                            round,
                            isGood() ? "good  " : "BROKEN",
                            calls,
                            acknowledged,
                            unknown,
                            events,
                            judgeMillis,
                            roundMillis / 1e3,
                            seed,
                            faults.isEmpty() ? "no fault" : String.join("; ", faults));
        }
    }

    private final Plan plan;
    private final PrintStream out;
    private final Ticker ticker;

    public Prove(Plan plan, PrintStream out, Ticker ticker) {
        this.plan = plan;
        this.out = out;
        this.ticker = ticker;
    }

    /// Runs until all rounds are done, or one did not even end. Leaves nothing behind but histories of failed rounds.
    public List<RoundVerdict> run() {
        Lab lab = Lab.open(Path.of(System.getProperty("java.io.tmpdir")), ticker);
        Threads.atExit("proof cleans up", lab::clean);
        List<RoundVerdict> verdicts = new ArrayList<>();
        try (Arena arena = new Arena(lab, Programs.ofThis("").withMain(plan.main()), plan.kinds(), ticker)) {
            arena.leftOut().forEach((kind, why) -> out.println("Left out: " + kind.key() + ": " + why + "."));
            List<Kind> kinds = plan.kinds().stream()
                    .filter(kind -> !arena.leftOut().containsKey(kind))
                    .toList();
            FaultDriver driver = new FaultDriver(arena, ticker);
            Map<String, Etcd> callers = Round.clients(arena);
            Map<String, Etcd> watchers = Round.clients(arena);
            Etcd everywhere = arena.client(Arena.MEMBERS);
            for (int round = 1; round <= plan.rounds(); round++) {
                long seed = plan.seed() + round - 1;
                Round one = new Round(ticker, "p" + seed + "/", new Dice(seed), callers, watchers, everywhere);
                FaultSchedule schedule =
                        kinds.isEmpty() ? new FaultSchedule(List.of()) : FaultSchedule.of(seed, kinds, FAULT_MILLIS);
                long beganNanos = ticker.nanos();
                Round.Recorded recorded = one.run(schedule, driver);
                RoundVerdict verdict = judge(round, seed, recorded, beganNanos);
                verdicts.add(verdict);
                say(verdict);
                if (recorded.history().isEmpty()) {
                    arena.logs().forEach(out::println);
                    break;
                }
            }
        }
        List<String> left = lab.clean();
        if (!left.isEmpty()) out.println("Left behind: " + String.join(", ", left) + ".");
        return verdicts;
    }

    private void say(RoundVerdict verdict) {
        out.println(verdict.line());
        if (!verdict.problem().isEmpty()) out.println("  " + verdict.problem());
        say(verdict.violations(), out);
        if (!verdict.file().isEmpty()) out.println("  Kept: holdfast prove --judge " + verdict.file());
        out.flush();
    }

    static void say(List<Violation> violations, PrintStream out) {
        for (Violation violation : violations) {
            out.println("  " + violation.code() + ": " + violation.sentence());
            violation.proof().stream().limit(LINES_MAX).forEach(line -> out.println("    " + line));
            if (violation.proof().size() > LINES_MAX) {
                out.println("    ... and " + (violation.proof().size() - LINES_MAX) + " more");
            }
        }
    }

    private RoundVerdict judge(int round, long seed, Round.Recorded recorded, long beganNanos) {
        if (recorded.history().isEmpty()) {
            long millis = (ticker.nanos() - beganNanos) / 1_000_000;
            return new RoundVerdict(
                    round, seed, recorded.done(), 0, 0, 0, 0, 0, millis, List.of(), recorded.problem(), "");
        }
        History history = recorded.history().get();
        long judgeNanos = ticker.nanos();
        HistoryJudge.Judgement judgement = HistoryJudge.judge(history, HistoryJudge.BUDGET_STEPS);
        long endNanos = ticker.nanos();
        String problem = judgement.decided() ? recorded.problem() : "the search for an order was given up";
        return new RoundVerdict(
                round,
                seed,
                recorded.done(),
                history.calls().size(),
                (int) history.calls().stream()
                        .filter(call -> call.reply() instanceof Reply.Done)
                        .count(),
                (int) history.calls().stream()
                        .filter(call -> call.reply() instanceof Reply.Lost)
                        .count(),
                history.watches().stream()
                        .flatMap(watched -> watched.heard().stream())
                        .mapToInt(heard ->
                                heard instanceof Heard.Told told ? told.events().size() : 0)
                        .sum(),
                (endNanos - judgeNanos) / 1_000_000,
                (endNanos - beganNanos) / 1_000_000,
                judgement.violations(),
                problem,
                judgement.isGood() ? "" : keep(seed, recorded, history));
    }

    private String keep(long seed, Round.Recorded recorded, History history) {
        Path file = plan.keep().resolve("holdfast-round-" + seed + ".history");
        List<String> lines = new ArrayList<>();
        recorded.done().forEach(fault -> lines.add("# " + fault));
        lines.addAll(HistoryText.write(history));
        try {
            Files.createDirectories(plan.keep());
            Files.write(file, lines);
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot keep " + file, failed);
        }
        return file.toString();
    }

    /// Judges a history that was kept, and says the verdict.
    ///
    /// @return whether every promise was kept
    public static boolean judge(Path file, PrintStream out) throws IOException {
        History history = HistoryText.read(Files.readAllLines(file));
        HistoryJudge.Judgement judgement = HistoryJudge.judge(history, HistoryJudge.BUDGET_STEPS);
        say(judgement.violations(), out);
        if (!judgement.decided()) out.println("The search for an order was given up.");
        out.println(
                judgement.isGood()
                        ? "Good: every promise was kept."
                        : judgement.violations().size() + " violations.");
        return judgement.isGood();
    }
}

package holdfast.server.cli;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.healing.fleet.Fleet;
import holdfast.core.healing.fleet.FleetDiff;
import holdfast.server.client.Answer;
import holdfast.server.ledger.LedgerStore;
import holdfast.server.ledger.LedgerStore.Applied;
import java.io.Console;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToIntFunction;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// The mixin of commands that change the fleet: what changes is shown, agreed to, and stored if nobody else was first.
final class Applying {
    static final String STATUSES =
            "Exit status: 0 applied or nothing to change, 1 refused, 2 the file or the usage is wrong, 3 unknown.";

    @Mixin
    private OutputOption output = new OutputOption();

    @Option(
            names = {"-y", "--yes"},
            description = "Do not ask.")
    private boolean yes;

    @Option(names = "--dry-run", description = "Only check and show.")
    private boolean dryRun;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    /// Goes on from the fleet as it is applied.
    int from(LedgerStore ledger, ToIntFunction<Applied> change) {
        return switch (ledger.fleet()) {
            case Answer.Done<Applied>(Applied former) -> change.applyAsInt(former);
            case Answer.Refused<Applied>(Reason why) -> end(new Outcome.Refused(why));
            case Answer.Unknown<Applied>(Reason why) -> end(new Outcome.Refused(why)); // it was only a read
        };
    }

    int apply(LedgerStore ledger, Applied former, Fleet fleet) {
        FleetDiff diff = FleetDiff.between(former.fleet().orElse(null), fleet);
        PrintWriter out = spec.commandLine().getOut();
        if (!output.json()) {
            diff.sentences().forEach(out::println);
            if (diff.isEmpty()) out.println("Nothing changes.");
            out.flush();
        }
        if (diff.isEmpty() || dryRun) return show(diff, false, former.revision());
        if (!yes && !agreed(diff)) {
            end(new Outcome.Refused(new Reason("not-agreed", "Nothing was applied; --yes applies without asking.")));
            return ExitCode.REFUSED;
        }
        Outcome outcome = ledger.apply(fleet, former.revision());
        if (!(outcome instanceof Outcome.Done(long revision))) return end(outcome);
        if (!output.json()) out.println("Applied at revision " + revision + ".");
        out.flush();
        return show(diff, true, revision);
    }

    private int show(FleetDiff diff, boolean applied, long revision) {
        if (output.json()) {
            Map<String, Object> said = new LinkedHashMap<>();
            said.put("changes", diff.sentences());
            said.put("applied", applied);
            said.put("revision", revision);
            OutputOption.printJson(spec.commandLine().getOut(), said);
        }
        return ExitCode.DONE;
    }

    @SuppressWarnings("SystemConsoleNull") // JDK 25 answers null where there is no console
    private static boolean agreed(FleetDiff diff) {
        Console console = System.console();
        if (console == null || !console.isTerminal()) return false;
        String answer =
                console.readLine("Apply %d changes? [y/N] ", diff.sentences().size());
        return answer != null && answer.strip().toLowerCase(Locale.ROOT).startsWith("y");
    }

    private int end(Outcome outcome) {
        return ExitCode.of(outcome, spec.commandLine().getErr());
    }
}

package holdfast.server.cli;

import holdfast.core.base.Require;
import holdfast.core.proof.FaultSchedule.Kind;
import holdfast.core.proof.HistoryText;
import holdfast.server.base.Ticker;
import holdfast.server.proof.Prove;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `holdfast prove`: hurts three real members of the store and judges what their clients saw.
@Command(
        name = "prove",
        description =
                "Hurts three real servers in rounds, records what concurrent clients and watchers saw, and judges it:"
                        + " linearizable, watches complete, leases kept. Exit status 1 if a promise was broken.",
        mixinStandardHelpOptions = true)
final class ProveCommand implements Callable<Integer> {
    @Option(names = "--rounds", paramLabel = "N", description = "Rounds to run (default: 5).")
    private int rounds = 5;

    @Option(names = "--seed", paramLabel = "N", description = "Of the first round; each next is one more (default: 1).")
    private long seed = 1;

    @Option(
            names = "--faults",
            paramLabel = "NAME",
            split = ",",
            description =
                    "Only these: kill, kill-all, freeze, stutter, partition, deaf, mute, full, clock (default: all).")
    private List<String> faults = new ArrayList<>();

    @Option(
            names = "--keep",
            paramLabel = "FOLDER",
            description = "Where histories of broken rounds go (default: here).")
    private Path keep = Path.of(".");

    @Option(names = "--judge", paramLabel = "FILE", description = "Judge this history again, and run nothing.")
    private @Nullable Path judged;

    @Mixin
    private OutputOption output = new OutputOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        QuietLogs.begin();
        if (judged != null) return judge(judged);
        Require.between("rounds", rounds, 1, 100_000);
        PrintStream said = output.json() ? System.err : System.out;
        Prove.Plan plan = new Prove.Plan(rounds, seed, kinds(), keep, "");
        List<Prove.RoundVerdict> verdicts = new Prove(plan, said, Ticker.system()).run();
        long good = verdicts.stream().filter(Prove.RoundVerdict::isGood).count();
        if (output.json()) OutputOption.printJson(spec.commandLine().getOut(), verdicts);
        else said.println(good + " of " + rounds + " rounds were good.");
        return good == rounds ? ExitCode.DONE : ExitCode.REFUSED;
    }

    private int judge(Path file) {
        try {
            return Prove.judge(file, System.out) ? ExitCode.DONE : ExitCode.REFUSED;
        } catch (IOException | HistoryText.Unreadable failed) {
            spec.commandLine().getErr().println("Refused: " + file + " cannot be read: " + failed.getMessage() + ".");
            return ExitCode.USAGE;
        }
    }

    private List<Kind> kinds() {
        if (faults.isEmpty()) return List.of(Kind.values());
        String known = Arrays.stream(Kind.values()).map(Kind::key).collect(Collectors.joining(", "));
        List<Kind> chosen = new ArrayList<>();
        for (String fault : faults) {
            Require.that("faults", fault, Kind.of(fault).isPresent(), "one of " + known);
            Kind.of(fault).ifPresent(chosen::add);
        }
        return chosen;
    }
}

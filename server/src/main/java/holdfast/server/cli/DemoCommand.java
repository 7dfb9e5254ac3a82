package holdfast.server.cli;

import holdfast.core.base.Require;
import holdfast.server.base.Ticker;
import holdfast.server.proof.Demo;
import holdfast.server.proof.Hurt;
import holdfast.server.proof.Result;
import java.io.Console;
import java.io.PrintStream;
import java.io.PrintWriter;
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

/// `holdfast demo`: a small shop on three hosts, hurt in seven ways while customers order.
@Command(
        name = "demo",
        description =
                "Starts a small shop on three hosts, hurts it and watches it heal; exit status 1 unless all of it did.",
        mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
    @Mixin
    private OutputOption output = new OutputOption();

    @Option(
            names = "--fault",
            paramLabel = "NAME",
            description = "Only this one; may be given again: kill, freeze, kill-host, kill-leader, cut, cut-one-way,"
                    + " bad-deploy (default: all, in this order).")
    private List<String> faults = new ArrayList<>();

    @Option(names = "--keep", description = "Leave everything running at the end, until Ctrl-C.")
    private boolean keep;

    @Option(names = "--seed", paramLabel = "N", description = "Decides who is hit (default: the time).")
    private @Nullable Long seed;

    @Option(
            names = "--etcd",
            paramLabel = "PROGRAM",
            description = "Run this etcd in place of the own store.",
            defaultValue = "")
    private String etcd = "";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        QuietLogs.begin(); // the logs of what it starts are where they belong
        PrintStream said = output.json() ? System.err : System.out;
        boolean live = isTerminal();
        Ticker ticker = Ticker.system();
        Demo.Plan plan =
                new Demo.Plan(hurts(), keep, seed == null ? ticker.wallMillis() % 1_000_000 : seed, etcd, live);
        Result result = new Demo(plan, said, said, ticker).run();
        PrintWriter out = spec.commandLine().getOut();
        if (output.json()) OutputOption.printJson(out, result);
        else if (!keep) result.table().forEach(out::println);
        out.flush();
        return result.isGood() ? ExitCode.DONE : ExitCode.REFUSED;
    }

    @SuppressWarnings("SystemConsoleNull") // JDK 25 answers null again where there is no terminal
    private static boolean isTerminal() {
        Console console = System.console();
        return console != null && console.isTerminal();
    }

    private List<Hurt> hurts() {
        if (faults.isEmpty()) return List.of(Hurt.values());
        String known = Arrays.stream(Hurt.values()).map(Hurt::key).collect(Collectors.joining(", "));
        List<Hurt> chosen = new ArrayList<>();
        for (String fault : faults) {
            Require.that("fault", fault, Hurt.of(fault).isPresent(), "one of " + known);
            Hurt.of(fault).ifPresent(chosen::add);
        }
        return chosen;
    }
}

package holdfast.server.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `holdfast export`: keys and leases from ours to a running etcd.
@Command(
        name = "export",
        description =
                "Brings every key with its lease from this store to a running etcd (or another Holdfast), and compares.",
        mixinStandardHelpOptions = true,
        modelTransformer = SideOptions.Adder.class,
        footer = "Exit status: 0 brought and equal, 1 refused or not equal, 2 wrong usage, 3 unknown.")
final class ExportCommand implements Callable<Integer> {
    @Mixin
    private OutputOption output = new OutputOption();

    @Option(names = "--prefix", paramLabel = "TEXT", description = "Only keys that begin with it (default: all).")
    private String prefix = "";

    @Option(
            names = "--into-filled",
            description = "The target may hold keys: those of the same name are overwritten, others stay.")
    private boolean intoFilled;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        return Moving.run(spec, output, SideOptions.TO, prefix, intoFilled);
    }
}

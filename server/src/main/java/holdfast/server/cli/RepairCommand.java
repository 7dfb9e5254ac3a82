package holdfast.server.cli;

import holdfast.core.base.Reason;
import holdfast.server.start.Repair;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast repair`: empties a damaged member, so that its next start gets everything from the others.
@Command(
        name = "repair",
        description = "Removes the log and state of a member that is stopped and damaged; its next start, by `holdfast"
                + " server` or `holdfast etcd`, gets them anew from the other members. Never on two members at once.",
        mixinStandardHelpOptions = true)
final class RepairCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FOLDER", description = "The member's data folder.")
    private Path folder = Path.of("");

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        PrintWriter err = spec.commandLine().getErr();
        try {
            @Nullable Reason why = Repair.run(folder);
            if (why == null) {
                spec.commandLine()
                        .getOut()
                        .println("Removed. Start the member as usual: it catches up from the others.");
                return ExitCode.DONE;
            }
            err.println("Refused: " + why.sentence());
        } catch (IOException failed) {
            err.println("Refused: " + folder + " cannot be emptied: " + failed + ".");
        }
        err.flush();
        return ExitCode.REFUSED;
    }
}

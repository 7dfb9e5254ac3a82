package holdfast.server.cli;

import holdfast.server.start.Joining;
import holdfast.server.start.UpConfig;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `holdfast up`: makes this machine the first host of a cluster, or starts again what it is.
@Command(
        name = "up",
        description = {
            "Makes this machine the first host of a cluster and prints the line that adds the next one.",
            "Started again on the same folder, it goes on as the host that it was."
        },
        mixinStandardHelpOptions = true)
final class UpCommand implements Callable<Integer> {
    @Mixin
    private HostOption host = new HostOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws InterruptedException {
        UpConfig config = host.config(null);
        try {
            if (Joining.isMember(config)) config = Joining.resume(config);
            else Joining.found(config);
        } catch (IOException | GeneralSecurityException failed) {
            spec.commandLine().getErr().println("Refused: " + config.folder() + ": " + failed.getMessage() + ".");
            return ExitCode.REFUSED;
        }
        return RunningHost.run(config, spec);
    }
}

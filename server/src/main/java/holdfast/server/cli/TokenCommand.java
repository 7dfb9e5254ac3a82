package holdfast.server.cli;

import holdfast.core.base.Reason;
import holdfast.core.base.Require;
import holdfast.server.base.tls.Identity;
import holdfast.server.client.Answer;
import holdfast.server.ledger.Lengths;
import holdfast.server.start.Joining;
import holdfast.server.start.UpConfig;
import holdfast.server.start.join.JoinCall;
import java.io.IOException;
import java.io.PrintWriter;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `holdfast token`: another line that adds a host, printed on a voter.
@Command(
        name = "token",
        description = "Prints a fresh line that adds one host. Run it on a voter.",
        mixinStandardHelpOptions = true)
final class TokenCommand implements Callable<Integer> {
    @Mixin
    private HostOption host = new HostOption();

    @Option(names = "--token-ttl", paramLabel = "TIME", defaultValue = "30min", description = "Its life, 1s to 168h.")
    private String life = "30min";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws InterruptedException {
        Duration length = Lengths.parse(life)
                .orElseThrow(
                        () -> new Require.BadValue("--token-ttl is " + life + "; it must be a time such as 30min"));
        PrintWriter err = spec.commandLine().getErr();
        UpConfig config = host.config(null);
        if (!Joining.isMember(config)) {
            err.println(
                    "Refused: " + config.folder() + " belongs to no cluster; --data names the folder of holdfast up.");
            return ExitCode.REFUSED;
        }
        try {
            UpConfig resumed = Joining.resume(config);
            String desk = resumed.address() + ":" + resumed.ports().control();
            return switch (JoinCall.by(desk, Identity.in(resumed.folder().resolve("tls")))
                    .token(length)) {
                case Answer.Done<String>(String token) -> {
                    spec.commandLine().getOut().println("holdfast join " + desk + " --token " + token);
                    yield ExitCode.DONE;
                }
                case Answer.Refused<String>(Reason why) -> ExitCode.refused(why, err);
                case Answer.Unknown<String>(Reason why) -> ExitCode.unknown(why, err);
            };
        } catch (IOException | GeneralSecurityException failed) {
            err.println("Refused: " + config.folder() + ": " + failed.getMessage() + ".");
            return ExitCode.REFUSED;
        }
    }
}

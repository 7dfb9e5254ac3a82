package holdfast.server.cli;

import holdfast.core.base.Reason;
import holdfast.server.base.tls.JoinToken;
import holdfast.server.client.Answer;
import holdfast.server.start.UpConfig;
import holdfast.server.start.UpParts;
import java.io.PrintWriter;
import java.security.GeneralSecurityException;
import java.time.Duration;
import picocli.CommandLine.Model.CommandSpec;

/// What `up` and `join` have in common: a host that runs until it is stopped.
final class RunningHost {
    private static final Duration TOKEN_LIFE = Duration.ofMinutes(30);

    private RunningHost() {}

    static int run(UpConfig config, CommandSpec spec) throws InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        Runnable halt = () -> Runtime.getRuntime().halt(ExitCode.UNKNOWN);
        return switch (UpParts.open(config, halt)) {
            case UpParts.Opened.Refused(Reason why) -> ExitCode.refused(why, err);
            case UpParts.Opened.Ready(UpParts up) -> {
                greet(up, out);
                yield UntilStopped.await(up);
            }
        };
    }

    private static void greet(UpParts up, PrintWriter out) {
        UpConfig config = up.config();
        String role = up.voter() ? "store, loop and agent" : "agent";
        out.println("Holdfast is up on " + config.name() + " (" + config.address() + "): " + role + ".");
        if (up.voter()) {
            out.println("On this machine: etcdctl --endpoints=http://127.0.0.1:"
                    + config.ports().client() + ", ./holdfast status");
            out.println(joinLine(up));
        }
        out.flush();
    }

    private static String joinLine(UpParts up) {
        String desk = up.config().address() + ":" + up.config().ports().control();
        try {
            return switch (up.token(TOKEN_LIFE)) {
                case Answer.Done<JoinToken>(JoinToken token) ->
                    "Next host (once, within 30 min): holdfast join " + desk + " --token " + token;
                case Answer.Refused<JoinToken>(Reason why) -> noToken(why);
                case Answer.Unknown<JoinToken>(Reason why) -> noToken(why);
            };
        } catch (GeneralSecurityException failed) {
            return "No token: " + failed.getMessage();
        }
    }

    private static String noToken(Reason why) {
        return "No token now (" + why.sentence() + "): ask later with holdfast token.";
    }
}

package holdfast.server.cli;

import holdfast.core.base.Outcome;
import holdfast.server.base.tls.JoinToken;
import holdfast.server.start.Address;
import holdfast.server.start.Joining;
import holdfast.server.start.UpConfig;
import holdfast.server.start.join.Admission.Role;
import java.io.IOException;
import java.io.PrintWriter;
import java.security.GeneralSecurityException;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast join HOST:PORT --token T`: makes this machine a further host.
@Command(
        name = "join",
        description = {
            "Makes this machine a host of the cluster that printed the token. The first three hosts become voters of",
            "the store, later ones agents. Started again later with: holdfast up"
        },
        mixinStandardHelpOptions = true)
final class JoinCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "HOST:PORT", description = "A voter's control port.")
    private String desk = "";

    @Option(names = "--token", required = true, paramLabel = "T", description = "From holdfast up or holdfast token.")
    private String token = "";

    @ArgGroup
    private Wish wish = new Wish();

    private static final class Wish {
        @Option(names = "--voter", description = "Become a voter even when there are three.")
        private boolean voter;

        @Option(names = "--agent", description = "Become no voter.")
        private boolean agent;

        private Role role() {
            if (voter) return Role.VOTER;
            return agent ? Role.AGENT : Role.AUTO;
        }
    }

    @Mixin
    private HostOption host = new HostOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws InterruptedException {
        JoinToken parsed = JoinToken.parse(token);
        Address at = Address.parse("HOST:PORT", desk);
        UpConfig config = host.config(at.host());
        PrintWriter err = spec.commandLine().getErr();
        if (Joining.isMember(config)) {
            err.println("Refused: " + config.folder()
                    + " belongs to a host of a cluster already; start it with: holdfast up --data " + config.folder());
            return ExitCode.REFUSED;
        }
        try {
            Outcome joined = Joining.join(config, desk, parsed, wish.role());
            int code = ExitCode.of(joined, err);
            return code == ExitCode.DONE ? RunningHost.run(config, spec) : code;
        } catch (IOException | GeneralSecurityException failed) {
            err.println("Refused: " + config.folder() + ": " + failed.getMessage() + ".");
            return ExitCode.REFUSED;
        }
    }
}

package holdfast.server.cli;

import holdfast.core.base.Reason;
import holdfast.server.base.Threads;
import holdfast.server.start.ServerConfig;
import holdfast.server.start.ServerLoop;
import holdfast.server.start.ServerParts;
import holdfast.server.start.StartWay;
import java.io.IOException;
import java.io.PrintWriter;

/// One member from its start to its end, for whoever has read the command line.
final class MemberRun {
    private MemberRun() {}

    /// Serves until the process is told to stop.
    ///
    /// @return the exit status
    static int run(MemberFlags flags, PrintWriter out, PrintWriter err) throws InterruptedException {
        return switch (ServerParts.open(
                ServerConfig.of(flags.settings(), flags.config()),
                flags.repair() ? StartWay.NORMAL.withRepair() : StartWay.NORMAL,
                MemberRun::breakDown)) {
            case ServerParts.Opened.Refused(Reason why) -> ExitCode.refused(why, err);
            case ServerParts.Opened.Ready(ServerParts parts) -> serve(parts, out, err);
        };
    }

    private static int serve(ServerParts parts, PrintWriter out, PrintWriter err) throws InterruptedException {
        Threads.onShutdown("close", () -> {
            parts.close();
            Runtime.getRuntime().halt(ExitCode.DONE);
        });
        try {
            ServerLoop.open(parts);
        } catch (IOException failed) {
            parts.close();
            err.println("Refused: the loop cannot start: " + failed.getMessage() + ".");
            err.flush();
            return ExitCode.REFUSED;
        }
        out.println("Holdfast server " + parts.name() + " serves clients on " + parts.clientUrl() + ".");
        out.flush();
        parts.awaitClose();
        return ExitCode.DONE;
    }

    /// State or promises may be broken: not another word to anybody.
    private static void breakDown() {
        Runtime.getRuntime().halt(ExitCode.UNKNOWN);
    }
}

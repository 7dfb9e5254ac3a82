package holdfast.server.cli;

import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import java.io.PrintWriter;

/// What the program's exit status says. Scripts rely on these numbers.
final class ExitCode {
    /// It was done.
    static final int DONE = 0;
    /// It did not happen and will not: safe to try again.
    static final int REFUSED = 1;
    /// The command line or a file is wrong; nothing was tried.
    static final int USAGE = 2;
    /// It may have happened: look before trying again.
    static final int UNKNOWN = 3;
    /// A signal ended it: this and its number, as shells count.
    static final int SIGNALLED = 128;

    private ExitCode() {}

    /// Says what became of a request, in one sentence on `err` unless it was done.
    static int of(Outcome outcome, PrintWriter err) {
        return switch (outcome) {
            case Outcome.Done _ -> DONE;
            case Outcome.Refused(Reason why) -> refused(why, err);
            case Outcome.Unknown(Reason why) -> unknown(why, err);
        };
    }

    static int refused(Reason why, PrintWriter err) {
        return say(err, "Refused: ", why, REFUSED);
    }

    static int unknown(Reason why, PrintWriter err) {
        return say(err, "Unknown: ", why, UNKNOWN);
    }

    private static int say(PrintWriter err, String verdict, Reason why, int code) {
        err.println(verdict + why.sentence());
        err.flush();
        return code;
    }
}

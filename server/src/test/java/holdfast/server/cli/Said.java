package holdfast.server.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;

/// What a command line said and how it ended, for tests that need no process of its own.
public record Said(int status, String text) {
    /// Runs `holdfast COMMAND WORDS` to its end in this process.
    ///
    /// @param store its URL
    public static Said by(String store, String command, String... words) {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text, true);
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(List.of(words));
        all.add("--store=" + store);
        int status = Main.commandLine().setOut(out).setErr(out).execute(all.toArray(String[]::new));
        return new Said(status, text.toString());
    }
}

package holdfast.server.cli;

import holdfast.core.base.Bytes;
import holdfast.core.base.KeyRange;
import holdfast.core.base.Outcome;
import holdfast.core.base.Reason;
import holdfast.core.base.Require;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import holdfast.server.client.Etcd;
import holdfast.server.transfer.Report;
import holdfast.server.transfer.Transfer;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongConsumer;
import picocli.CommandLine.Model.CommandSpec;

/// What `holdfast import` and `holdfast export` have in common.
final class Moving {
    private static final long KEYS_PER_LINE = 10_000;

    private Moving() {}

    /// @param needed the side that must be named
    static int run(CommandSpec spec, OutputOption output, String needed, String prefix, boolean intoFilled) {
        Require.that("--" + needed, "missing", SideOptions.has(spec, needed), "given: the URLs of the other store");
        KeyRange range = prefix.isEmpty() ? KeyRange.ALL : KeyRange.prefix(Bytes.utf8(prefix));
        Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
        PrintWriter err = spec.commandLine().getErr();
        try (Etcd source = Etcd.open(vertx, SideOptions.of(spec, SideOptions.FROM), Ticker.system());
                Etcd target = Etcd.open(vertx, SideOptions.of(spec, SideOptions.TO), Ticker.system())) {
            return switch (new Transfer(source, target, range, intoFilled, progress(err)).run()) {
                case Answer.Done<Report>(Report report) -> show(spec, output, report);
                case Answer.Refused<Report>(Reason why) -> ExitCode.of(new Outcome.Refused(why), err);
                case Answer.Unknown<Report>(Reason why) -> ExitCode.of(new Outcome.Unknown(why), err);
            };
        } finally {
            vertx.close();
        }
    }

    private static LongConsumer progress(PrintWriter err) {
        long[] said = {0};
        return keys -> {
            if (keys - said[0] < KEYS_PER_LINE) return;
            said[0] = keys;
            err.println(keys + " keys ...");
            err.flush();
        };
    }

    private static int show(CommandSpec spec, OutputOption output, Report report) {
        PrintWriter out = spec.commandLine().getOut();
        String sourceHash = String.format(Locale.ROOT, "%016x", report.sourceHash());
        String targetHash = String.format(Locale.ROOT, "%016x", report.targetHash());
        if (output.json()) {
            Map<String, Object> said = new LinkedHashMap<>();
            said.put("revision", report.revision());
            said.put("keys", report.keys());
            said.put("bytes", report.bytes());
            said.put("leases", report.leases());
            said.put("keysOfEndedLeases", report.leasesOver());
            said.put("sourceHash", sourceHash);
            said.put("targetHash", targetHash);
            said.put("equal", report.isEqual());
            said.put("skipped", report.skipped());
            OutputOption.printJson(out, said);
        } else {
            out.println("Brought " + report.keys() + " keys (" + report.bytes() + " bytes) and " + report.leases()
                    + " leases, as they stood at revision " + report.revision() + ".");
            if (report.leasesOver() > 0) {
                out.println("Left out " + report.leasesOver() + " keys, since their leases ended meanwhile.");
            }
            for (String skipped : report.skipped()) out.println("Not brought: " + skipped + ".");
            out.println(
                    report.isEqual()
                            ? "Read back and compared: both sides have hash " + sourceHash + "."
                            : "Read back and NOT equal: source " + sourceHash + ", target " + targetHash + ".");
        }
        out.flush();
        return report.isEqual() ? ExitCode.DONE : ExitCode.REFUSED;
    }
}
